// What can go wrong between the look-up and the last byte. A fault is a value that says at which of the two requests it
// strikes; most can strike at either.

/** Faults of an answer, whichever it is. */
export type AnswerFault =
  /** This status with a short text in place of the answer. */
  | { is: 'status'; status: number; retryAfterSeconds?: number }
  /** A page of some proxy, with status 200. */
  | { is: 'html_page' }
  /** The connection is reset before any answer, or after half of the body. */
  | { is: 'reset'; when: 'before_headers' | 'mid_body' }
  /** Half of the body under the right Content-Length, then the connection ends. */
  | { is: 'truncated' }
  /** No Content-Length. */
  | { is: 'chunked' }
  /** Exactly so many bytes under a Content-Length that says so: 0, fewer, or more than there are. */
  | { is: 'length'; bytes: number }
  /** The last byte is another one: at each download yet another, or always the same other one. */
  | { is: 'wrong_bytes'; steady: boolean }
  /** This Content-Type; null: none. */
  | { is: 'served_type'; type: string | null }
  /** Compressed although nobody asked for it. */
  | { is: 'gzip' }
  /** Nothing, or half of the body, and then nothing more until it is released. */
  | { is: 'stall'; when: 'before_headers' | 'mid_body' }
  /** So many bytes for each release, or for each pause when `everyMs` is given. */
  | { is: 'drip'; bytes: number; everyMs?: number }
  /** To the other listener, which holds the file; to the same address again; or to any address. */
  | { is: 'redirect'; to: 'other_host' | 'itself' | URL };

/** What the look-up may say of the file, in place of the truth. */
export type Claims = {
  sha256?: 'wrong' | 'base64' | 'missing';
  fileSize?: 'text' | 'missing' | number;
  /** null: missing. */
  type?: string | null;
  /** `dead`: over since a minute. */
  url?: 'missing' | 'dead' | URL;
};

export type LookUpFault =
  | (AnswerFault & { at: 'look_up' })
  /** An error of the Graph API by its code. */
  | { at: 'look_up'; is: 'graph_error'; code: number; status?: number; retryAfterSeconds?: number }
  | { at: 'look_up'; is: 'claims'; claims: Claims };

export type LinkFault =
  | (AnswerFault & { at: 'link' })
  /** Every link that is out answers 404 from now on; one of a new look-up works. */
  | { at: 'link'; is: 'dead_link' };

export type Fault = LookUpFault | LinkFault;
