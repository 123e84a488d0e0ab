// States are unions and legal moves are data, checked here and nowhere else.

export const mediaMoves = {
  remote: ['pending', 'expired', 'deleted'],
  pending: ['stored', 'unavailable', 'deleted'],
  // Back to pending or unavailable: the store lost the file.
  stored: ['pending', 'unavailable', 'expired', 'deleted'],
  unavailable: ['pending', 'expired', 'deleted'],
  expired: ['deleted'],
  deleted: [],
} as const satisfies Moves;

export const deliveryMoves = {
  pending: ['delivered', 'dead', 'paused'],
  paused: ['pending', 'dead'],
  dead: ['pending'],
  // Replayed, because the application lost what it had received.
  delivered: ['pending'],
} as const satisfies Moves;

export const channelMoves = {
  active: ['paused', 'destroyed'],
  paused: ['active', 'destroyed'],
  destroyed: [],
} as const satisfies Moves;

export const endpointMoves = {
  active: ['paused', 'deleted'],
  paused: ['active', 'deleted'],
  deleted: [],
} as const satisfies Moves;

type Moves = { readonly [state: string]: readonly string[] };

export type MediaState = keyof typeof mediaMoves;
export type DeliveryState = keyof typeof deliveryMoves;
export type ChannelState = keyof typeof channelMoves;
export type EndpointState = keyof typeof endpointMoves;

/** Whether a thing may move from one state to another by this table. */
export function mayMove<Table extends Moves>(
  moves: Table,
  from: keyof Table & string,
  to: keyof Table & string,
): boolean {
  return moves[from]?.includes(to) ?? false;
}
