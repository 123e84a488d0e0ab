import { expect, test } from 'vitest';
import { Fault } from '../../core/faults.ts';
import type { JsonObject } from '../../core/json.ts';
import { readSettings, settingsOf } from './settings.ts';

function refused(given: JsonObject): string | undefined {
  try {
    readSettings(given, {});
    return undefined;
  } catch (error) {
    return error instanceof Fault ? error.problems[0]?.field : String(error);
  }
}

test('what is given is laid over what is in force, and the rest has its default', () => {
  expect(readSettings({ types: 'wide' }, { signature_header: 'X-Sum' })).toEqual({
    types: 'wide',
    signature_header: 'X-Sum',
  });
  expect(settingsOf({})).toEqual({ types: 'known', signatureHeader: 'X-WA-Signature' });
});

test('a setting that is unknown or wrong is refused by its name', () => {
  expect(refused({ colour: 'red' })).toBe('body.settings.colour');
  expect(refused({ types: 'all' })).toBe('body.settings.types');
  for (const name of [7, '', 'X WA', 'X-A\r\nX-B', 'Host', 'webhook-id', 'Content-Type', 'x-wa-request-id'])
    expect(refused({ signature_header: name }), String(name)).toBe('body.settings.signature_header');
  expect(refused({ signature_header: 'X-Hub-Signature-256' })).toBeUndefined();
});
