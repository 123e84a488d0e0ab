// What makes `npm start` and `npm test` work as the first command in a fresh clone: installs the locked
// packages when they are missing or older than the lockfile. Runs on any Node, before anything is installed.
// With --with-test-servers it also installs the servers that tests start, which are heavy.
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';

// Not `npm ci`: it refuses a lockfile in which the binaries of other platforms are missing, as they are where the registry
// at hand does not hold them. `--no-save` keeps the lockfile as it is; versions and hashes come from it all the same.
const install = ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'];

const stamp = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

function ensure(folder, what) {
  const installed = stamp(`${folder}/node_modules/.package-lock.json`);
  if (installed >= stamp(`${folder}/package-lock.json`) && installed > 0) return;
  console.error(`mediadock: installing ${what} (once)…`);
  const npm = spawnSync('npm', install, { stdio: 'inherit', cwd: folder });
  if (npm.status === 0) return;
  console.error('mediadock: npm install failed; see above.');
  process.exit(npm.status ?? 1);
}

ensure('.', 'packages');
if (process.argv.includes('--with-test-servers')) ensure('test', 'the servers for tests');
