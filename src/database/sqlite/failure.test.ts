import { expect, test } from 'vitest';
import { Fault } from '../../core/faults.ts';
import { packFailure, unpackFailure } from './failure.ts';

const travelled = (error: unknown): Error => unpackFailure(structuredClone(packFailure(error)));

test('a fault stays a fault on its way between threads', () => {
  const fault = travelled(new Fault('not_found', { detail: 'nothing', problems: [{ field: 'x', message: 'y' }] }));
  expect(fault).toBeInstanceOf(Fault);
  expect(fault).toMatchObject({ code: 'not_found', detail: 'nothing', problems: [{ field: 'x', message: 'y' }] });
});

test('any other error keeps its name and message, and the code of the engine', () => {
  expect(travelled(new TypeError('odd'))).toMatchObject({ name: 'TypeError', message: 'odd' });
  expect(travelled(Object.assign(new Error('full'), { errcode: 13 }))).toMatchObject({ message: 'full', errcode: 13 });
  expect(travelled('a text')).toMatchObject({ message: 'a text' });
});
