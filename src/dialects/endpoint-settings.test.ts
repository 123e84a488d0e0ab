import { expect, test } from 'vitest';
import { flag, oneOf, settingsReader } from './endpoint-settings.ts';

const read = settingsReader({ form: oneOf('nested', 'flat'), extras: flag });

test('what is given lies over what is in force, and nothing else is made up', () => {
  expect(read({}, {})).toEqual({});
  expect(read({ form: 'flat' }, { form: 'nested', extras: true })).toEqual({ form: 'flat', extras: true });
});

test('every dialect lets the headers of Standard Webhooks be left out', () => {
  expect(settingsReader({})({ standard_webhooks: false }, {})).toEqual({ standard_webhooks: false });
});

test.each([
  [{ standard_webhooks: 0 }, 'body.settings.standard_webhooks', 'must be true or false'],
  [{ form: 'round' }, 'body.settings.form', 'must be one of: nested, flat'],
  [{ form: null }, 'body.settings.form', 'must be one of: nested, flat'],
  [{ extras: 'true' }, 'body.settings.extras', 'must be true or false'],
  [{ colour: 'blue' }, 'body.settings.colour', 'is not known here'],
  [{ toString: 'x' }, 'body.settings.toString', 'is not known here'],
])('%j is refused by the name of the setting', (given, field, message) => {
  expect(() => read(given, {})).toThrow(expect.objectContaining({ problems: [{ field, message }] }));
});
