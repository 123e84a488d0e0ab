import { readFileSync } from 'node:fs';

// The package's own file is one folder up, both from the sources and from dist.
const manifest: { version: string } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

/** Version of this package. */
export const version = manifest.version;
