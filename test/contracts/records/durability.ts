import { expect, test } from 'vitest';
import { capturesAt, claim, home, type Open, start } from './rig.ts';

export function durabilityClaims(name: string, open: Open): void {
  test(`${name}: it says which engine it is, and of each setting on which it depends what a loss of power costs whether it is safe`, async () => {
    const { records } = await open();
    const { engine, version, settings } = await records.durability();
    expect(name.toLowerCase()).toContain(engine.toLowerCase());
    expect(version).toMatch(/^\d+\.\d+/);
    expect(settings.length).toBeGreaterThanOrEqual(2);
    // Servers that are started for tests do not sync.
    for (const { value, safe } of settings) expect(safe, value).toBe(['wal', 'FULL', 'on'].includes(value));
  });

  test(`${name}: where a webhook stood in a trace is given back with its message, its files, their jobs`, async () => {
    const { records } = await open();
    const at = await home(records);
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const message = await at.receive({ traceparent, media: [{ ...claim(), traceparent }] });
    expect(message).toMatchObject({ traceparent, media: [{ traceparent }] });
    expect(await capturesAt(records, start)).toMatchObject([{ media: { traceparent } }]);
    const plain = await at.receive({ media: [claim()] });
    expect(plain).not.toHaveProperty('traceparent');
    expect(plain.media[0]).not.toHaveProperty('traceparent');
  });
}
