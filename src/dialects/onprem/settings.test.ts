import { expect, test } from 'vitest';
import { laidOver, ourKinds, readChange, shown, waitsIn } from './application.ts';
import { vendorKinds } from './media-object.ts';
import { nextTry, readSettings, settingsOf } from './settings.ts';

test('waits grow by a step up to the longest, and never end', () => {
  const waits = (settings: object, ...failures: number[]) =>
    failures.map((each) => nextTry(each, { ...settings })).map((next) => typeof next === 'object' && next.waitMs);
  expect(waits({}, 1, 2, 3, 299, 300, 301, 100_000)).toEqual([3_000, 6_000, 9_000, 897_000, 900_000, 900_000, 900_000]);
  const quick = { callback_backoff_delay_ms: 1_000, max_callback_backoff_delay_ms: 2_500 };
  expect(waits(quick, 1, 2, 3, 4)).toEqual([1_000, 2_000, 2_500, 2_500]);
});

test.each([
  ['callback_backoff_delay_ms', 999],
  ['callback_backoff_delay_ms', '3000'],
  ['max_callback_backoff_delay_ms', 86_400_001],
  ['failed_status', 'gone'],
  ['file', 'path'],
  ['upload_status', 202],
  ['status_in_messages', 'yes'],
  ['colour', 'red'],
])('the setting %s is not taken as %j, and the refusal names it', (name, value) => {
  expect(() => readSettings({ [name]: value }, {})).toThrow(`body.settings.${name}`);
});

test('what is set lies over what was, and the rest is as the vendor has it', () => {
  const settings = readSettings({ file: 'split' }, { upload_status: 200 });
  expect(settingsOf(settings)).toMatchObject({ file: 'split', uploadStatus: 200, failedStatus: 'downloaded' });
});

test('numbers that older pages show as text are taken, and kept as numbers', () => {
  const { kept } = readChange({ callback_backoff_delay_ms: '5000', max_callback_backoff_delay_ms: 60_000 });
  expect(waitsIn(kept)).toEqual({ callback_backoff_delay_ms: 5_000, max_callback_backoff_delay_ms: 60_000 });
});

test.each([
  [{ colour: 'red' }, 'body.colour: is not known here'],
  [{ media: { auto_download: ['hologram'] } }, 'body.media.auto_download.0'],
  [{ webhooks: { url: 7 } }, 'body.webhooks.url'],
  [{ webhooks: { message: { sent: 'yes' } } }, 'body.webhooks.message.sent'],
  [{ callback_backoff_delay_ms: '3 s' }, 'body.callback_backoff_delay_ms'],
  [{ callback_backoff_delay_ms: 0 }, 'body.callback_backoff_delay_ms'],
  [['media'], 'body'],
])('%j is refused by the name of the member', (body, says) => {
  expect(() => readChange(body)).toThrow(says);
});

test('an address is named, taken away, or not spoken of', () => {
  expect(readChange({ webhooks: { url: 'https://example.com/' } }).url).toBe('https://example.com/');
  for (const url of [null, '']) expect(readChange({ webhooks: { url } }).url).toBeNull();
  expect(readChange({ webhooks: { message: { read: true } } }).url).toBeUndefined();
  expect(readChange(undefined)).toEqual({ kept: {}, kinds: undefined, url: undefined });
});

test('all kinds of the vendor are all kinds, and a file of no kind is a document', () => {
  expect(ourKinds(vendorKinds)).toBeNull();
  expect(ourKinds(['image', 'document'])).toEqual(['image', 'document', 'file']);
  expect(ourKinds([])).toEqual([]);
  const kindsOf = (autoDownload: string[] | null) => shown({}, { autoDownload }, undefined)['media'];
  expect(kindsOf(null)).toEqual({ auto_download: [...vendorKinds] });
  expect(kindsOf(['file', 'document', 'voice'])).toEqual({ auto_download: ['voice', 'document'] });
});

test('settings that were given lie over the usual ones, also inside their members', () => {
  const kept = laidOver(readChange({ garbagecollector_enable: { media: true } }).kept, { log_level: 'debug' });
  expect(shown(kept, { autoDownload: null }, undefined)).toMatchObject({
    garbagecollector_enable: { media: true, messages: true },
    log_level: 'debug',
    callback_persist: true,
  });
});
