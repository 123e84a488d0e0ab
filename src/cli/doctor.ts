import type { Command } from 'commander';
import type { Json } from '../core/json.ts';
import { listIn, textOf } from './readable.ts';
import { type Bind, examples } from './session.ts';

/** The worst first. */
const order = ['fail', 'warn', 'ok'];
const indent = ' '.repeat(6);

export function addDoctor(program: Command, bind: Bind): void {
  const command = program
    .command('doctor')
    .description('look at everything that must be right for files to be captured and delivered');
  bind(command, async ({ api, out }) => {
    const answer = await api.call('GET', '/doctor');
    const findings = listIn(answer, 'findings').sort(
      (one, other) => order.indexOf(String(one['state'])) - order.indexOf(String(other['state'])),
    );
    out.result(answer, () =>
      findings
        .flatMap(({ state, check, subject, says, remedy }) => [
          out.wrap(`${label(state)}${textOf(check)}, ${textOf(subject)}: ${textOf(says)}`, indent),
          ...(typeof remedy === 'string' ? [out.wrap(`${indent}→ ${remedy}`, `${indent}  `)] : []),
        ])
        .join('\n'),
    );
    const failed = findings.filter(({ state }) => state === 'fail').length;
    if (failed > 0) throw new Error(`${failed} of ${findings.length} checks failed`);
  }).addHelpText('after', examples('doctor', 'doctor --json'));
}

const label = (state: Json | undefined): string => textOf(state).toUpperCase().padEnd(indent.length);
