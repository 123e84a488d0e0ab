import { z } from 'zod';
import type { DialectCall, DialectRoute } from '../../core/dialect.ts';
import { Fault } from '../../core/faults.ts';
import { appOf } from '../app-of.ts';
import { readBy } from '../schemas.ts';
import { describe, destroyed as destroyedAnswer, device as deviceAnswer, devices as devicesAnswer } from './answers.ts';
import {
  allDevices,
  type Device,
  destroyDevice,
  deviceNamed,
  makeDevice,
  mostDevices,
  presentDevice,
} from './devices.ts';
import { errorAnswer } from './refuse.ts';

const order = z.object({ device_name: z.string().trim().min(1).max(100) });

const path = '/devices';
const onePath = `${path}/:device_id`;
const reading = { permission: 'read', reach: 'app' } as const;
const managing = { permission: 'manage', reach: 'app' } as const;

/** `/deploy` is the same under its older name. */
const create = (at: string): DialectRoute => ({
  method: 'POST',
  path: at,
  needs: managing,
  takes: 'json',
  describes: describe(
    'Makes a device, disconnected until the operator gives it a line.',
    { status: 201, body: deviceAnswer },
    { body: order, refusals: [409] },
  ),
  async answer({ caller, body, now, desk }) {
    const { device_name } = readBy(order, body ?? {}, 'body');
    const made = await makeDevice(desk, caller, device_name, now);
    return made === 'too_many'
      ? errorAnswer('too_many_devices', `${mostDevices} devices wait for their lines already.`)
      : { status: 201, json: presentDevice(made, appOf(caller)) };
  },
});

const list: DialectRoute = {
  method: 'GET',
  path,
  needs: reading,
  takes: 'nothing',
  describes: describe('The devices of the app.', { status: 200, body: devicesAnswer }),
  async answer({ caller, desk }) {
    const devices = await allDevices(desk, caller);
    return { status: 200, json: { devices: devices.map((device) => presentDevice(device, appOf(caller))) } };
  },
};

const get: DialectRoute = {
  method: 'GET',
  path: onePath,
  needs: reading,
  takes: 'nothing',
  describes: describe('One device.', { status: 200, body: deviceAnswer }, { refusals: [404, 410] }),
  answer: async (call) =>
    await withDevice(call, async (device) => ({ status: 200, json: presentDevice(device, appOf(call.caller)) })),
};

/** One page of the vendor names the second address. */
const destroy = (method: 'DELETE' | 'POST', at: string): DialectRoute => ({
  method,
  path: at,
  needs: managing,
  takes: 'nothing',
  describes: describe(
    'Ends a device for good. Its files are gone before the answer.',
    { status: 200, body: destroyedAnswer },
    { refusals: [404, 410] },
  ),
  answer: async (call) =>
    await withDevice(call, async (device) => {
      if (!(await destroyDevice(call.desk, call.caller, device))) return goneForGood();
      return { status: 200, json: { device_id: device.id, status: 'destroyed' } };
    }),
});

/** What the vendor offers of a device and mediadock does not. */
const notOffered = (method: 'GET' | 'POST', below: string, what: string): DialectRoute => ({
  method,
  path: `${onePath}${below}`,
  needs: { permission: method === 'GET' ? 'read' : 'send', reach: 'app' },
  takes: method === 'GET' ? 'nothing' : 'json',
  describes: describe(`${what}: not available.`, null, { refusals: [404, 409, 410] }),
  answer: async (call) =>
    await withDevice(call, async () => errorAnswer('conflict', `${what} is not available on this server.`)),
});

export const deviceRoutes: readonly DialectRoute[] = [
  create(path),
  create(`${path}/deploy`),
  list,
  get,
  destroy('DELETE', onePath),
  destroy('POST', `${onePath}/destroy`),
  notOffered('POST', '/qr', 'Pairing by QR code'),
  notOffered('POST', '/disconnect', 'Ending a session'),
  notOffered('GET', '/groups', 'Looking up groups'),
  notOffered('GET', '/profile', 'Looking up profiles'),
  notOffered('GET', '/presence', 'Looking up presence'),
  notOffered('POST', '/messages', 'Sending'),
  notOffered('GET', '/messages', 'Listing messages'),
];

type Answer = ReturnType<DialectRoute['answer']>;

/** Answers about the device in the path, if it is one of the caller's app and lives. */
async function withDevice({ caller, params, desk }: DialectCall, answer: (device: Device) => Answer): Answer {
  const device = await deviceNamed(desk, caller, params['device_id'] ?? '');
  if (device === undefined) throw new Fault('not_found');
  return device === 'destroyed' ? goneForGood() : await answer(device);
}

const goneForGood = () => errorAnswer('device_destroyed', 'The device was destroyed, and its id is not used again.');
