// What makes `npm start` and `npm test` work as the first command in a fresh clone: installs the locked
// packages when they are missing or older than the lockfile. Runs on any Node, before anything is installed.
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';

const stamp = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
const installed = stamp('node_modules/.package-lock.json');

if (installed < stamp('package-lock.json') || installed === 0) {
  console.error('mediadock: installing packages (once)…');
  const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { stdio: 'inherit' });
  if (npm.status !== 0) {
    console.error('mediadock: npm ci failed; see above.');
    process.exit(npm.status ?? 1);
  }
}
