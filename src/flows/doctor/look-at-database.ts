import type { Records } from '../../core/records.ts';
import type { Look } from './doctor.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

const slowMs = 1000;

/** Whether the database answers, and whether what it commits survives a loss of power. */
export function lookAtDatabase(records: Pick<Records, 'ping' | 'durability'>): Look {
  return {
    check: 'database',
    async look() {
      const began = performance.now();
      await records.ping();
      const ms = Math.round(performance.now() - began);
      const { engine, version, settings } = await records.durability();
      const says = `${engine} ${version} answered in ${ms} ms.`;
      const remedy = 'Look at the load of the database and at the way to it.';
      return [
        ms >= slowMs ? warn('database', engine, says, remedy) : ok('database', engine, says),
        ...settings.map(settingOf),
      ];
    },
  };
}

const settingOf = ({ name, value, safe }: { name: string; value: string; safe: boolean }): Finding =>
  safe
    ? ok('database', name, `${name} is ${value}.`)
    : fail(
        'database',
        name,
        `${name} is ${value}: what was acknowledged may be lost when the power fails.`,
        `Set ${name} back to the database's default.`,
      );
