// Places at which a process can be made to die, so that tests can show that what was promised before them outlives it.
// They are armed by a setting that needs a second one beside it; where none is armed, nobody holds a function to call.

/** Every place, and what is true there. */
export const failpoints = {
  in_accept_commit: 'the rows of webhooks are written, their commit has not ended',
  before_accept_answer: 'a webhook is durable, its carrier has not heard so',
  mid_download: 'some bytes of a file have arrived',
  after_temp_file: 'all bytes of a file are on the disk, under a temporary name',
  before_capture_settled: 'a file is in the store, no row says so',
  after_capture_settled: 'the row says so, nobody has acted on it',
  before_delivery_settled: 'an application has answered, nothing is recorded of it',
  mid_sweep: 'a step of a sweep has changed rows, its commit has not ended',
  before_object_removed: 'a blob is doomed, its object is still there',
  before_removal_settled: 'the object is gone, its row is still there',
} as const;

export type Failpoint = keyof typeof failpoints;

/** Dies at the n-th pass of a failpoint since the process started. */
export type ArmedFailpoint = { name: Failpoint; nth: number };

/** Called at each pass of a failpoint; it may not return. */
export type PassFailpoint = (name: Failpoint) => void;

/** @returns undefined when none is armed, so that nothing is called at all */
export function passing(armed: readonly ArmedFailpoint[], die: () => void): PassFailpoint | undefined {
  if (armed.length === 0) return undefined;
  const left = new Map(armed.map(({ name, nth }) => [name, nth]));
  return (name) => {
    const passes = left.get(name);
    if (passes === undefined) return;
    left.set(name, passes - 1);
    if (passes === 1) die();
  };
}
