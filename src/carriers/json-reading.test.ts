import fc from 'fast-check';
import { expect, test } from 'vitest';
import { boundedObject, member } from './json-reading.ts';

test('only own members of an object are members', () => {
  expect(member({ a: 1 }, 'a')).toBe(1);
  for (const name of ['constructor', 'toString', '__proto__', 1, undefined, {}])
    expect(member({}, name)).toBeUndefined();
  expect(member(JSON.parse('{"__proto__": 5}'), '__proto__')).toBe(5);
  expect(member(['a'], 'length')).toBeUndefined();
  expect(member(null, 'a')).toBeUndefined();
});

test('an object within its bounds is kept as it is, a foreign prototype included', () => {
  const object = JSON.parse('{"__proto__": {"a": [1, null, true, "x"]}, "b": {}}');
  expect(JSON.stringify(boundedObject(object, 1000))).toBe(JSON.stringify(object));
});

test('what is too large is left out whole, what is too deep from there on', () => {
  expect(boundedObject({ a: 'x'.repeat(100) }, 100)).toEqual({ truncated: true });
  for (const [open, close] of [
    ['[', ']'],
    ['{"b":', '}'],
  ] as const) {
    const deep = JSON.parse(`{"a":${open.repeat(100_000)}1${close.repeat(100_000)}}`);
    expect(JSON.stringify(boundedObject(deep, 1000))).toMatch(/^.{32,250}\{"truncated":true\}[\]}]+$/);
  }
});

test('every copy survives JSON and structured cloning unchanged', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), (object) => {
      const copy = boundedObject({ ...object, zero: -0, huge: Number.POSITIVE_INFINITY, torn: '\ud800' }, 1_000_000);
      expect(JSON.parse(JSON.stringify(copy))).toEqual(structuredClone(copy));
      expect(copy['torn']).toBe('\ufffd');
    }),
  );
});
