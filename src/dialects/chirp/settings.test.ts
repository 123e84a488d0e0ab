import { expect, test } from 'vitest';
import { Fault } from '../../core/faults.ts';
import type { JsonObject } from '../../core/json.ts';
import { eventsBehind, readSettings, settingsOf } from './settings.ts';

function refused(given: JsonObject): string | undefined {
  try {
    readSettings(given, {});
    return undefined;
  } catch (error) {
    return error instanceof Fault ? error.problems[0]?.field : String(error);
  }
}

test('what is given is laid over what is in force, and the rest has its default', () => {
  const settings = readSettings({ form: 'flat' }, { echoes: false });
  expect(settings).toEqual({ form: 'flat', echoes: false });
  expect(settingsOf(settings)).toEqual({ events: null, form: 'flat', echoes: false, resend: true, updatedAt: null });
});

test('a setting that is unknown or wrong is refused by its name', () => {
  expect(refused({ colour: 'red' })).toBe('body.settings.colour');
  expect(refused({ events: ['messages.pigeon.received'] })).toBe('body.settings.events');
  expect(refused({ events: 'all' })).toBe('body.settings.events');
  expect(refused({ form: 'round' })).toBe('body.settings.form');
  expect(refused({ echoes: 'no' })).toBe('body.settings.echoes');
  expect(refused({ updatedAt: 'yesterday' })).toBe('body.settings.updatedAt');
  expect(refused({ events: null })).toBeUndefined();
});

test('only names that messages are told under need events of ours', () => {
  expect(eventsBehind(['messages.whatsapp.received'])).toContain('message.received');
  expect(eventsBehind(['MESSAGE_CREATED'])).toContain('media.stored');
  expect(eventsBehind(['templates.whatsapp.created', 'messages.whatsapp.sent'])).toEqual([]);
});
