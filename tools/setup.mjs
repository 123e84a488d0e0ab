// What makes `npm start` and `npm test` work as the first command in a fresh clone: installs the locked
// packages when they are missing or older than the lockfile. Runs on any Node, before anything is installed.
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';

// Not `npm ci`: it refuses a lockfile in which the binaries of other platforms are missing, as they are where the registry
// at hand does not hold them. `--no-save` keeps the lockfile as it is; versions and hashes come from it all the same.
const install = ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'];

const stamp = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
const installed = stamp('node_modules/.package-lock.json');

if (installed < stamp('package-lock.json') || installed === 0) {
  console.error('mediadock: installing packages (once)…');
  const npm = spawnSync('npm', install, { stdio: 'inherit' });
  if (npm.status !== 0) {
    console.error('mediadock: npm install failed; see above.');
    process.exit(npm.status ?? 1);
  }
}
