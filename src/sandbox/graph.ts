// The requests of a fetch, answered as Meta does: the look-up and the deletion of a media at the Graph API, and the link; and
// the look-up of a number itself. All want the token of the number that the media belongs to. Only after that does a fault strike, so that a request
// without its token never passes for one that met a fault.

import { extension } from 'mime-types';
import type { Clock } from '../core/ids.ts';
import { type Answer, jsonAnswer, textAnswer } from './answer.ts';
import type { AnswerFault, Claims, LinkFault, LookUpFault } from './fault.ts';
import { graphError } from './graph-error.ts';
import type { KeptMedia, MediaShelf } from './kept-media.ts';
import { type Links, linkLifeMs } from './links.ts';

export const linkPath = '/whatsapp_business/attachments/';

export type GraphMeans = {
  clock: Clock;
  shelf: MediaShelf;
  links: Links;
  /** The whole link of a query. */
  linkOf(query: string): string;
  /** Whether any number has this token now. */
  isToken(token: string): boolean;
  /** The token of a number; undefined when the number is not there. */
  tokenOf(phoneNumberId: string): string | undefined;
  /** The fault that strikes at this request. */
  lookUpFault(media: KeptMedia): LookUpFault | undefined;
  linkFault(media: KeptMedia): LinkFault | undefined;
  /** What a fault does to an answer. */
  alter(media: KeptMedia, answer: Answer, fault: AnswerFault, request: GraphRequest): Answer;
};

/** A request as far as it matters: the whole URL, and the token of its Bearer header. */
export type GraphRequest = { url: URL; bearer: string | null };

export type Graph = {
  lookUp(mediaId: string, request: GraphRequest): Answer;
  remove(mediaId: string, request: GraphRequest): Promise<Answer>;
  download(request: GraphRequest): Answer;
  /** The file behind a redirect; it wants no token. */
  downloadElsewhere(request: GraphRequest): Answer;
};

export function graph(means: GraphMeans): Graph {
  const { clock, shelf, links } = means;

  /** The media, or the refusal. Unknown, expired, and not for this token are one answer, as at Meta. */
  const find = (mediaId: string, { url, bearer }: GraphRequest): KeptMedia | Answer => {
    if (bearer === null) return graphError(0);
    if (!means.isToken(bearer)) return graphError(190);
    const media = shelf.find(mediaId);
    if (media === undefined || means.tokenOf(media.phoneNumberId) !== bearer) return graphError(100);
    const phoneNumberId = url.searchParams.get('phone_number_id');
    return phoneNumberId === null || phoneNumberId === media.phoneNumberId ? media : graphError(100);
  };

  /** A number that is asked for itself. */
  const describeNumber = (phoneNumberId: string, { bearer }: GraphRequest): Answer => {
    if (bearer === null) return graphError(0);
    if (!means.isToken(bearer)) return graphError(190);
    return means.tokenOf(phoneNumberId) === bearer ? jsonAnswer(200, { id: phoneNumberId }) : graphError(100);
  };

  const linkOf = (media: KeptMedia, url: Claims['url']): string | undefined => {
    if (url instanceof URL) return url.href;
    if (url === 'missing') return undefined;
    const endsAt = clock.now() + (url === 'dead' ? -60_000 : linkLifeMs);
    return means.linkOf(links.query(media.id, 'getMedia', endsAt));
  };

  const describe = (media: KeptMedia, claims: Claims): Answer => {
    const url = linkOf(media, claims.url);
    const type = claims.type === undefined ? media.type : claims.type;
    const sha256 = claimedSha256(media, claims.sha256);
    const size = claimedSize(media, claims.fileSize);
    return jsonAnswer(200, {
      messaging_product: 'whatsapp',
      ...(url !== undefined && { url }),
      ...(type !== null && { mime_type: type }),
      ...(sha256 !== undefined && { sha256 }),
      ...(size !== undefined && { file_size: size }),
      id: media.id,
    });
  };

  const fileOf = (media: KeptMedia): Answer => ({
    status: 200,
    headers: { 'content-type': media.type, 'content-disposition': disposition(media) },
    length: media.size,
    body: () => shelf.bytes(media),
    ending: 'end',
  });

  return {
    lookUp(mediaId, request) {
      if (means.tokenOf(mediaId) !== undefined) return describeNumber(mediaId, request);
      const media = find(mediaId, request);
      if ('status' in media) return media;
      const fault = means.lookUpFault(media);
      if (fault === undefined) return describe(media, {});
      if (fault.is === 'graph_error') return graphError(fault.code, fault);
      if (fault.is === 'claims') return describe(media, fault.claims);
      return means.alter(media, describe(media, {}), fault, request);
    },
    async remove(mediaId, request) {
      const media = find(mediaId, request);
      if ('status' in media) return media;
      await shelf.remove(media.id);
      return jsonAnswer(200, { success: true });
    },
    download(request) {
      const { url, bearer } = request;
      const link = links.open(url.searchParams);
      const media = link && shelf.find(link.mediaId);
      if (media === undefined || link?.source === 'redirect') return textAnswer(404, 'Not Found\n');
      if (bearer === null || means.tokenOf(media.phoneNumberId) !== bearer) return textAnswer(401, 'Unauthorized\n');
      const fault = means.linkFault(media);
      if (fault === undefined) return fileOf(media);
      if (fault.is !== 'dead_link') return means.alter(media, fileOf(media), fault, request);
      links.kill(media.id);
      return textAnswer(404, 'Not Found\n');
    },
    downloadElsewhere({ url }) {
      const link = links.open(url.searchParams);
      const media = link && shelf.find(link.mediaId);
      return media === undefined || link?.source !== 'redirect' ? textAnswer(403, 'Forbidden\n') : fileOf(media);
    },
  };
}

/** A digest that is well-formed and belongs to nothing here. */
export const wrongSha256 = 'f0'.repeat(32);

function claimedSha256(media: KeptMedia, claim: Claims['sha256']): string | undefined {
  if (claim === 'missing') return undefined;
  if (claim === 'base64') return Buffer.from(media.sha256, 'hex').toString('base64');
  return claim === 'wrong' ? wrongSha256 : media.sha256;
}

function claimedSize(media: KeptMedia, claim: Claims['fileSize']): number | string | undefined {
  if (claim === 'missing') return undefined;
  return claim === 'text' ? String(media.size) : (claim ?? media.size);
}

/** RFC 6266: a plain name for old readers, and the whole one in UTF-8 (RFC 8187). */
function disposition({ id, fileName, type }: KeptMedia): string {
  const name = (fileName ?? `${id}.${extension(type) || 'bin'}`).toWellFormed();
  const plain = name.replace(/[^ -~]|["\\]/g, '_');
  const whole = encodeURIComponent(name).replace(/['()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16)}`);
  return `attachment; filename="${plain}"; filename*=UTF-8''${whole}`;
}
