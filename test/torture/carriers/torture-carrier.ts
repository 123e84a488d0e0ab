// What a carrier is to the torture: an account, addresses of a business, and webhooks that are ready to be posted, so that
// nobody else has to know how it signs.

/** A file is made of its seed, so that nobody has to hold it to know it. */
export type SeededFile = { seed: string; size: number };
/** A message to be composed. `late`: who asks for its first file first is told that there is none. */
export type Wanted = { files: readonly SeededFile[]; late?: boolean };
/** What a message tells. Its files are in the order of their parts; `from`: the sender's number, with the plus sign. */
export type Composed = { id: string; from: string; files: { sha256: string; size: number }[] };
/** One POST to the intake; the body is in base64. */
export type Webhook = { headers: Record<string, string>; body: string; messages: Composed[] };
/** What a channel is made with, besides its app and connection. */
export type ChannelSettings = { address: string; [name: string]: string };

export type TortureCarrier = {
  /** What a connection to it is made with. */
  connection: Readonly<Record<string, unknown>>;
  /** Of one message. */
  mostFiles: number;
  /** Another address of the business. */
  newChannel(): ChannelSettings;
  /** Messages to an address: in one webhook, or each in its own, as the carrier does it. */
  webhooks(intakeUrl: string, address: string, wanted: readonly Wanted[]): Promise<Webhook[]>;
  /** The next download is cut in the middle. */
  cutOnce(): void;
  /** Every file is there, and nothing is cut. */
  calm(): void;
};

/** @param folder where files are kept */
export type OpenTortureCarrier = (folder: string) => Promise<TortureCarrier>;

export const clock = { now: (): number => Date.now() };
export const fileType = 'application/octet-stream';
