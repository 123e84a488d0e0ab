// Settings that are each allowed and yet dangerous, without effect, or at odds with one another.

import { type Config, nameOf, type SettingKey } from './config.ts';
import { type Finding, fail, ok, warn } from './flows/doctor/finding.ts';

const wideRange = 8;
const smallMedia = 16 * 1024 * 1024;

/** @param publicUrl the address in force @returns one finding that all is well, or each that is not */
export function judgeSettings(config: Config, publicUrl: string): Finding[] {
  const bad = [...addressOf(config, publicUrl), ...dangersOf(config), ...contradictionsIn(config)];
  return bad.length > 0 ? bad : [ok('settings', 'all', 'No setting is dangerous or at odds with another.')];
}

const about = (judge: typeof warn, key: SettingKey, says: string, remedy: string): Finding =>
  judge('settings', nameOf(key), says, remedy);

function addressOf(config: Config, publicUrl: string): Finding[] {
  const { protocol, hostname } = new URL(publicUrl);
  const remedy = 'Set it to the https address that carriers and applications use.';
  if (config.publicUrl === undefined || /^(localhost|127\.|\[::1\])/.test(hostname)) {
    return [
      about(
        warn,
        'publicUrl',
        `Links and intake addresses stand under ${publicUrl}, which only this machine reaches.`,
        remedy,
      ),
    ];
  }
  if (protocol === 'http:') {
    return [about(fail, 'publicUrl', 'Webhooks, keys and files travel unencrypted, and carriers refuse http.', remedy)];
  }
  return [];
}

function dangersOf(config: Config): Finding[] {
  const findings: Finding[] = [];
  for (const range of config.allowPrivateNetworks) {
    if (Number(range.split('/')[1] ?? 128) >= wideRange) continue;
    findings.push(
      about(
        fail,
        'allowPrivateNetworks',
        `${range} is wide: whoever can set an endpoint can make this server ask almost anything inside.`,
        'Name only the networks, or single addresses, of your own applications.',
      ),
    );
  }
  if (config.failpointsAllowed === '1') {
    findings.push(
      about(fail, 'failpointsAllowed', 'The server may be made to kill itself.', 'Remove it; it is for tests.'),
    );
  }
  if (config.previousSecretKeys.length > 0) {
    const says = 'Former secret keys still open what was sealed and signed under them.';
    const remedy =
      'Set the secrets of connections, channels and endpoints anew, wait until old links have expired, and remove it.';
    findings.push(about(warn, 'previousSecretKeys', says, remedy));
  }
  return findings;
}

function contradictionsIn(config: Config): Finding[] {
  const findings: Finding[] = [];
  const unless = (fine: boolean, key: SettingKey, says: string, remedy: string) => {
    if (!fine) findings.push(about(warn, key, says, remedy));
  };
  unless(
    config.capturesPerChannel <= config.captures,
    'capturesPerChannel',
    `It is above ${nameOf('captures')}, so one channel can take every place.`,
    `Lower it below ${nameOf('captures')}.`,
  );
  unless(
    config.deliveriesPerEndpoint <= config.deliveries,
    'deliveriesPerEndpoint',
    `It is above ${nameOf('deliveries')}, so one endpoint can take every place.`,
    `Lower it below ${nameOf('deliveries')}.`,
  );
  unless(
    config.intakeMinFreePercent <= config.captureMinFreePercent,
    'intakeMinFreePercent',
    `It is above ${nameOf('captureMinFreePercent')}: webhooks are refused while files could still be captured.`,
    `Set it below ${nameOf('captureMinFreePercent')}.`,
  );
  unless(
    config.openJournalDays >= config.journalDays,
    'openJournalDays',
    `It is below ${nameOf('journalDays')}: what needs a person goes sooner than what does not.`,
    `Set it to ${nameOf('journalDays')} or more.`,
  );
  unless(
    config.messageDays >= config.eventDays,
    'messageDays',
    `It is below ${nameOf('eventDays')}: events outlive what they tell of.`,
    `Set it to ${nameOf('eventDays')} or more.`,
  );
  unless(
    config.mediaBytes >= smallMedia,
    'mediaBytes',
    'Carriers deliver larger files, and those are refused for good.',
    'Set it to the largest file of your carriers: 100MiB for WhatsApp.',
  );
  return findings;
}
