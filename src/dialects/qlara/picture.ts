// What a picture is and how large, read from its first bytes: GIF89a section 18, PNG (third edition) section 11.2.1, JPEG
// (ITU-T T.81) annex B. MP4 (ISO/IEC 14496-12 section 4.3) is only recognised: its size may stand at its end.

/** Pixels; null where the first bytes do not tell. */
export type Picture = { type: string; width: number | null; height: number | null };

/** As much of a file as is looked at: pictures of phones carry a preview and a colour profile before their size. */
export const headBytes = 256 * 1024;

/** @returns undefined for what is none of the four */
export function pictureOf(head: Uint8Array): Picture | undefined {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const text = (at: number, length: number) => Buffer.from(head.subarray(at, at + length)).toString('latin1');
  if (/^GIF8[79]a/.test(text(0, 6)) && view.byteLength >= 10)
    return { type: 'image/gif', width: view.getUint16(6, true), height: view.getUint16(8, true) };
  if (text(0, 8) === '\x89PNG\r\n\x1a\n' && text(12, 4) === 'IHDR' && view.byteLength >= 24)
    return { type: 'image/png', width: view.getUint32(16), height: view.getUint32(20) };
  if (text(0, 3) === '\xff\xd8\xff') return { type: 'image/jpeg', ...jpegSize(view) };
  if (text(4, 4) === 'ftyp') return { type: 'video/mp4', ...untold };
  return undefined;
}

const untold = { width: null, height: null };

/** From segment to segment up to the frame header, which holds precision, height and width. */
function jpegSize(view: DataView): Pick<Picture, 'width' | 'height'> {
  let at = 2;
  while (at + 9 <= view.byteLength && view.getUint8(at) === 0xff) {
    const marker = view.getUint8(at + 1);
    if (isFrame(marker)) return { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    // Any number of fill bytes may come before a marker; the scan is behind the frame header.
    if (marker === 0xff) at += 1;
    else if (marker === 0xda) break;
    else at += 2 + Math.max(2, view.getUint16(at + 2));
  }
  return untold;
}

/** SOF0 to SOF15 without the three of that range that mean something else: DHT, JPG and DAC. */
const isFrame = (marker: number) => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
