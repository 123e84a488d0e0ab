// People and programs that log in with a name and a password, and get a key of their app for a while. Guessing is bounded: by
// name, by address (at the HTTP edge), and by how many passwords are tried at once, because trying one is made to be dear and
// takes a thread from the files. A name that is unknown costs the same as a wrong password.

import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { Caller } from '../core/caller.ts';
import { Fault } from '../core/faults.ts';
import type { Clock, Id, Millis } from '../core/ids.ts';
import { hashOf } from '../core/keys.ts';
import type { Reach, User } from '../core/model.ts';
import { matchesPassword, passwordHash } from '../core/passwords.ts';
import type { Records } from '../core/records.ts';
import type { KeyAdministration } from './key-administration.ts';
import { turns } from './turns.ts';

export type Users = {
  /** @throws Fault not_found, name_taken */
  create(reach: Reach, appId: string, given: { name: string; password: string }): Promise<User>;
  /** Keys that the former password gave end. @throws Fault not_found */
  setPassword(reach: Reach, appId: string, id: string, password: string): Promise<User>;
  /** Keys that it was given end. @throws Fault not_found */
  remove(reach: Reach, appId: string, id: string): Promise<void>;
  /**
   * A key of the user's app in exchange for name and password; undefined: they do not belong together.
   * @throws Fault rate_limited when the name was tried too often, or too many passwords are being tried
   */
  login(
    dialect: string,
    name: string,
    password: string,
    lifeMs: number,
  ): Promise<{ secret: string; endsAt: Millis } | undefined>;
  /** Ends the key in use; false: it came from no login. */
  logout(caller: Caller): Promise<boolean>;
};

export type UsersParts = {
  records: Pick<Records, 'createUser' | 'userByName' | 'updateUser' | 'deleteUser' | 'key' | 'listKeys' | 'deleteKey'>;
  administration: Pick<KeyAdministration, 'createKey'>;
  clock: Clock;
};

/** Wrong passwords that a name may be tried with in a minute. */
const wrongPerMinute = 10;

/** What a key is called that a login gave: so it is known whose it is. */
const keyName = (id: Id<'user'>): string => `login ${id}`;
const isFromLogin = (name: string): boolean => name.startsWith('login usr_');

export function users({ records, administration, clock }: UsersParts): Users {
  const tries = new RateLimiterMemory({ points: wrongPerMinute, duration: 60 });
  const inTurn = turns({ places: 2, mostWaiting: 16 });

  // What no name has in it is not looked for: not every database takes it.
  const named = async (name: string): Promise<User | undefined> =>
    name.isWellFormed() && !/\p{Cc}/u.test(name) ? await records.userByName({ name }) : undefined;

  /** Whose the password is. @throws Fault rate_limited */
  async function known(name: string, password: string): Promise<User | undefined> {
    const place = placeOf(name);
    // Counted before it is tried, so that many at once are counted too.
    await spend(tries, place);
    const user = await named(name);
    if (!(await matchesPassword(password, user?.hash))) return undefined;
    await tries.reward(place);
    return user;
  }

  async function endKeys(appId: Id<'app'>, id: Id<'user'>): Promise<void> {
    const reach = { kind: 'app', appId } as const;
    const owner = { kind: 'app', id: appId } as const;
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<Records['listKeys']>> = await records.listKeys({
        reach,
        owner,
        page: { limit: 200, cursor },
      });
      for (const key of page.rows)
        if (key.name === keyName(id)) await records.deleteKey({ reach, owner, id: key.id, now: clock.now() });
      cursor = page.next;
    } while (cursor !== null);
  }

  return {
    async create(reach, appId, { name, password }) {
      const hash = await passwordHash(password);
      const made = await records.createUser({ reach, appId, name, hash, now: clock.now() });
      if (made === undefined) throw new Fault('not_found');
      if (made.is === 'taken') {
        const message = 'another user of this instance has it';
        throw new Fault('name_taken', {
          detail: `body.name: ${message}`,
          problems: [{ field: 'body.name', message }],
        });
      }
      return made.user;
    },

    async setPassword(reach, appId, id, password) {
      const hash = await passwordHash(password);
      const user = await records.updateUser({ reach, appId, id, set: { hash } });
      if (user === undefined) throw new Fault('not_found');
      await endKeys(user.appId, user.id);
      return user;
    },

    async remove(reach, appId, id) {
      if (!(await records.deleteUser({ reach, appId, id }))) throw new Fault('not_found');
      await endKeys(appId as Id<'app'>, id as Id<'user'>);
    },

    async login(dialect, name, password, lifeMs) {
      const user = await inTurn(() => known(name, password));
      if (user === undefined) return undefined;
      const endsAt = clock.now() + lifeMs;
      const { appId, id, hash } = user;
      const reach = { kind: 'app', appId } as const;
      const owner = { kind: 'app', id: appId } as const;
      const { key, secret } = await administration.createKey(reach, owner, { name: keyName(id), dialect, endsAt });
      if ((await named(name))?.hash === hash) return { secret, endsAt };
      // Removed, or given another password, meanwhile: by then this key was not there to be ended.
      await records.deleteKey({ reach, owner, id: key.id, now: clock.now() });
      return undefined;
    },

    async logout({ key: id, reach }) {
      if (reach.kind !== 'app') return false;
      const owner = { kind: 'app', id: reach.appId } as const;
      const key = await records.key({ reach, owner, id });
      if (key === undefined || !isFromLogin(key.name)) return false;
      return await records.deleteKey({ reach, owner, id, now: clock.now() });
    },
  };
}

/** A name's place among those that are counted: names as the records compare them, all of the same length. */
const placeOf = (name: string): string => Buffer.from(hashOf(name.normalize('NFKC').toLowerCase())).toString('base64');

/** @throws Fault rate_limited */
async function spend(tries: RateLimiterMemory, place: string): Promise<void> {
  try {
    await tries.consume(place);
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal;
    const retryAfter = refusal.msBeforeNext / 1000;
    throw new Fault('rate_limited', { detail: 'Too many wrong passwords for this name.', retryAfter });
  }
}
