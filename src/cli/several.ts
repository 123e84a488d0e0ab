/** Does the work for each item, up to `places` at a time. @throws the first failure, when those that run have ended */
export async function several<Item>(
  items: readonly Item[],
  places: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const left = [...items].reverse();
  const outcomes = await Promise.allSettled(
    Array.from({ length: places }, async () => {
      for (let next = left.pop(); next !== undefined; next = left.pop()) {
        try {
          await work(next);
        } catch (error) {
          left.length = 0;
          throw error;
        }
      }
    }),
  );
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
