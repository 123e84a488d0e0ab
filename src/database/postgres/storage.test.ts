import { Client } from 'pg';
import { expect, inject, onTestFinished, test } from 'vitest';
import { day, everything, newApp, settings, start, upload } from '../../../test/contracts/records/rig.ts';
import { createDatabase } from '../../../test/servers/postgres.ts';
import { connectionTo } from './connect.ts';
import { openPostgresRecords } from './open.ts';

const { server } = inject('postgres');

test('what the triggers have counted is added up by the sweep, while others write', async () => {
  const { url, drop } = await createDatabase(server);
  const records = await openPostgresRecords({ url, settings, now: () => start });
  const client = new Client(connectionTo(url));
  await client.connect();
  onTestFinished(async () => {
    await client.end();
    await records.close();
    await drop();
  });
  const app = await newApp(records);
  const give = (n: number) => {
    const given = upload(app, { size: 5, sha256: `sha-${n % 10}`, blob: `${app.id}/${n}` });
    return records.createUpload({ reach: everything, appId: app.id, now: start, upload: given });
  };
  const sweep = () => records.sweep({ now: start + day, limit: 100 });
  for (let round = 0; round < 5; round++) {
    const given = Array.from({ length: 8 }, (_, n) => give(round * 8 + n));
    await Promise.all([...given, sweep(), records.storage()]);
  }
  const counted = { objects: 10, bytes: 50, savedBytes: 150 };
  expect(await records.storage()).toEqual(counted);
  await sweep();
  expect((await client.query('SELECT FROM storage')).rowCount).toBe(1);
  expect(await records.storage()).toEqual(counted);
});
