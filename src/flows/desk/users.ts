import type { Desk } from '../../core/desk.ts';
import { matchesPassword } from '../../core/passwords.ts';
import { appOf, type DeskParts } from './parts.ts';

/** Which keys came from a login: they may be ended by their own holder. */
const loginName = 'login';

export const userDesk = ({ records, administration, clock }: DeskParts): Pick<Desk, 'login' | 'logout'> => ({
  async login(dialect, name, password, lifeMs) {
    const user = await records.userByName({ name });
    // A name that is unknown costs the same time as a wrong password.
    if (!(await matchesPassword(password, user?.hash)) || user === undefined) return undefined;
    const endsAt = clock.now() + lifeMs;
    const { secret } = await administration.createKey(
      { kind: 'app', appId: user.appId },
      { kind: 'app', id: user.appId },
      {
        name: loginName,
        dialect,
        endsAt,
      },
    );
    return { secret, endsAt };
  },
  async logout(caller) {
    const owner = { kind: 'app', id: appOf(caller) } as const;
    const key = await records.key({ reach: caller.reach, owner, id: caller.key });
    if (key?.name !== loginName) return false;
    return await records.deleteKey({ reach: caller.reach, owner, id: caller.key, now: clock.now() });
  },
});
