import { readFile } from 'node:fs/promises';

/** Resident memory of a process in bytes: what only it can give back, without mapped files. Linux only. */
export async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kibibytes === undefined) throw new Error(`process ${pid} tells nothing of its memory`);
  return Number(kibibytes) * 1024;
}

/** Watches a process until it is told to stop. @returns a function that stops and gives the most that was resident */
export function watchResident(pid: number): () => Promise<number> {
  let most = 0;
  let watching = true;
  const watch = async (): Promise<number> => {
    while (watching) {
      most = Math.max(most, await residentBytes(pid));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return most;
  };
  const watched = watch();
  return () => {
    watching = false;
    return watched;
  };
}
