// The doctor looks at everything that must be right for files to be captured and delivered, all at the same time, and for
// a limited time. It changes nothing but a small file that it writes and removes again. One run at a time: whoever asks
// meanwhile gets the same answer.

import type { Clock, Millis } from '../../core/ids.ts';
import { type Finding, type FindingState, fail, warn } from './finding.ts';

export type Diagnosis = { state: FindingState; at: Millis; durationMs: number; findings: Finding[] };

/** One thing to look at. What it throws is a finding too. */
export type Look = { check: string; look(signal: AbortSignal): Promise<Finding[]> };

export type Doctor = {
  diagnose(): Promise<Diagnosis>;
  /** What only this instance, or another node of it, can answer to a nonce. */
  prove(nonce: string): string;
};

const withinMs = 15_000;

export function doctor(parts: {
  looks: readonly Look[];
  clock: Clock;
  prove(nonce: string): string;
  patienceMs?: number;
}): Doctor {
  const patienceMs = parts.patienceMs ?? withinMs;
  let running: Promise<Diagnosis> | undefined;

  async function diagnose(): Promise<Diagnosis> {
    const at = parts.clock.now();
    const began = performance.now();
    const over = new AbortController();
    const findings = (await Promise.all(parts.looks.map((one) => looked(one, over, patienceMs)))).flat();
    over.abort(new Error('the diagnosis is over'));
    return { state: worst(findings), at, durationMs: Math.round(performance.now() - began), findings };
  }

  return {
    prove: parts.prove,
    diagnose() {
      running ??= diagnose().finally(() => {
        running = undefined;
      });
      return running;
    },
  };
}

async function looked({ check, look }: Look, over: AbortController, patienceMs: number): Promise<Finding[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Finding[]>((resolve) => {
    timer = setTimeout(() => {
      const says = `The look at it did not end within ${patienceMs / 1000} s.`;
      resolve([
        warn(check, check, says, 'Try again; if it stays so, look at the load of this machine and at its network.'),
      ]);
    }, patienceMs);
  });
  try {
    return await Promise.race([look(over.signal), late]);
  } catch (error) {
    const says = error instanceof Error ? error.message : String(error);
    return [fail(check, check, `The look at it failed: ${says}`, 'The log of the server says more.')];
  } finally {
    clearTimeout(timer);
  }
}

function worst(findings: readonly Finding[]): FindingState {
  const states = new Set(findings.map(({ state }) => state));
  return states.has('fail') ? 'fail' : states.has('warn') ? 'warn' : 'ok';
}
