// Why things are in the state that they are in, as data; `<number>` and `<text>` stand for what differs from case to case.
// Applications and people read these words, so they keep their meaning. docs/troubleshooting.md says of each what it means
// and what to do, and a test holds the two together.

/** Why a try to fetch a file failed. A carrier uses these words too, or adds one here. */
export const captureReasons = [
  // No answer: the failures of a request, where a refused address is `address_refused`.
  'dns',
  'connect',
  'tls',
  'timeout',
  'reset',
  'aborted',
  'invalid_url',
  'address_refused',
  'redirect_refused',
  'too_many_redirects',
  'too_many_hops',
  // The carrier says no.
  'carrier_<number>',
  'carrier_100_33',
  'look_up_<number>',
  'look_up_without_link',
  'link_<number>',
  // The bytes are not what they should be.
  'content_encoding_unasked',
  'cut_short',
  'stalled',
  'too_slow',
  'file_empty',
  'file_short',
  'file_long',
  'html_in_place_of_file',
  'sha256_differs',
  'media_too_large',
  // We cannot ask, or cannot keep it.
  'media_id_missing',
  'media_url_refused',
  'webhook_unverified',
  'access_token_missing',
  'secrets_unreadable',
  'carrier_not_installed: <text>',
  'storage_failed: <text>',
] as const;

/** What became of a stored file: its object is gone, holds other bytes, or the disk refuses to read it. */
export const lossReasons = ['file_missing', 'file_corrupt', 'file_unreadable'] as const;
export type LossReason = (typeof lossReasons)[number];

/** What else a media's reason may be: `<text>` is the failure of the last try. */
export const mediaReasons = [
  'carrier_deadline_passed: <text>',
  'channel_destroyed',
  'app_deleted',
  ...lossReasons,
] as const;

/** What else a channel's or an endpoint's reason may be, besides the failure that paused the channel. */
export const pauseReasons = ['operator', 'app_deleted', 'receiver_gone'] as const;

/** Why a delivery has not arrived, besides what a request to the application met, which stands there in words. */
export const deliveryReasons = [
  'HTTP <number>',
  'receiver_gone',
  'operator',
  'endpoint_deleted',
  'app_deleted',
  'channel_destroyed',
  'queue_full',
  'queue_expired',
] as const;

type Filled<Pattern extends string> = Pattern extends `${infer Head}<number>${infer Tail}`
  ? `${Head}${number}${Tail}`
  : Pattern extends `${infer Head}<text>${infer Tail}`
    ? `${Head}${string}${Tail}`
    : Pattern;

export type CaptureReason = Filled<(typeof captureReasons)[number]>;
export type MediaReason = Filled<(typeof mediaReasons)[number]>;
export type PauseReason = (typeof pauseReasons)[number];
export type DeliveryReason = Filled<(typeof deliveryReasons)[number]>;
