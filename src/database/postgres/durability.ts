import type { Pool } from 'pg';
import type { Durability } from '../../core/records.ts';

/** https://www.postgresql.org/docs/current/runtime-config-wal.html */
const safe: Record<string, (value: string) => boolean> = {
  fsync: (value) => value === 'on',
  full_page_writes: (value) => value === 'on',
  // `local` and `remote_write` sync here too; only `off` answers before anything is on a disk.
  synchronous_commit: (value) => value !== 'off',
};

export async function durabilityOf(pool: Pool): Promise<Durability> {
  const { rows } = await pool.query<{ name: string; setting: string }>(
    "SELECT name, setting FROM pg_settings WHERE name = ANY($1) OR name = 'server_version' ORDER BY name",
    [Object.keys(safe)],
  );
  return {
    engine: 'PostgreSQL',
    version: rows.find(({ name }) => name === 'server_version')?.setting ?? 'unknown',
    settings: rows.flatMap(({ name, setting }) => {
      const isSafe = safe[name];
      return isSafe === undefined ? [] : [{ name, value: setting, safe: isSafe(setting) }];
    }),
  };
}
