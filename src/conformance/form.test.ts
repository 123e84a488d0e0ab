import { expect, test } from 'vitest';
import { maybe, must, mustFit } from './form.ts';

const form = { id: /^mk_/, size: Number.isInteger, caption: maybe(/./), tags: ['a', null], inner: { ok: true } };
const body = { id: 'mk_1', size: 3, tags: ['a', null], inner: { ok: true } };

test('a body fits that has every member in its form, and may lack what may be missing', () => {
  expect(() => mustFit(body, form)).not.toThrow();
  expect(() => mustFit({ ...body, caption: 'x' }, form)).not.toThrow();
});

test.each([
  [{ ...body, id: 'x' }, 'the body.id is'],
  [{ ...body, id: 5 }, 'the body.id is'],
  [{ ...body, size: 'three' }, 'the body.size is'],
  [{ ...body, caption: '' }, 'the body.caption is'],
  [{ ...body, tags: ['a'] }, 'the body.tags is'],
  [{ ...body, tags: ['a', 1] }, 'the body.tags[1] is'],
  [{ ...body, inner: null }, 'the body.inner is'],
  [{ ...body, inner: { ok: false } }, 'the body.inner.ok is'],
  [{ ...body, more: 1 }, 'has a member more'],
  [null, 'the body is null'],
])('a body that differs is refused, and the place is named: %j', (value, place) => {
  expect(() => mustFit(value, form)).toThrow(place);
});

test('what must hold is told when it does not', () => {
  expect(() => must(false, 'the link is dead')).toThrow('the link is dead');
});
