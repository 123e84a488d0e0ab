import type { Target } from '../../src/conformance/target.ts';
import type { SandboxMessage } from '../../src/core/sandbox-desk.ts';
import { somebody } from '../../src/sandbox/compose/person.ts';
import type { Rig, Tenant } from '../journeys/rig.ts';

/** Sends messages to a tenant through the simulated carrier, as a person with a phone would. */
export const injectInto =
  (rig: Rig, tenant: Pick<Tenant, 'phoneNumberId'>): NonNullable<Target['inject']> =>
  async ({ from, name, caption, text, fileName, type, body }: SandboxMessage) => {
    const phone = from?.replace(/^\+/, '');
    const person = { ...somebody, ...(phone !== undefined && { phone }), ...(name !== undefined && { name }) };
    if (body === undefined) {
      const { compose } = rig.sandbox;
      const message = compose.message(compose.contents.text(text ?? ''), { person });
      const { status } = await rig.post(compose.body([compose.received(tenant.phoneNumberId, [message])]));
      if (status !== 200) throw new Error(`the webhook was answered with ${status}`);
      return { carrierMessageId: message.id };
    }
    const file = { bytes: body, type: type ?? 'application/octet-stream', ...(fileName !== undefined && { fileName }) };
    const [sent] = await rig.sandbox.send({
      url: rig.connection.intakeUrl,
      phoneNumberId: tenant.phoneNumberId,
      files: [file],
      person,
      ...(caption !== undefined && { caption }),
    });
    if (sent?.answer.status !== 200) throw new Error(`the webhook was answered with ${sent?.answer.status}`);
    return { carrierMessageId: sent.messageId };
  };
