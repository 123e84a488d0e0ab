import { bareType } from '../core/media-type.ts';
import type { MediaKind } from '../core/model.ts';

/** The kind of a file of which a carrier says nothing but its content type. */
export function kindOfType(type: string | null): MediaKind {
  const bare = bareType(type);
  if (bare === undefined) return 'file';
  const [family] = bare.split('/');
  return family === 'image' || family === 'audio' || family === 'video' ? family : 'document';
}
