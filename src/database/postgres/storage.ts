/** Statement: makes one row of those that the triggers have added since; whoever reads their sum never sees it change by that. */
export const addUpStorage = `WITH gone AS (DELETE FROM storage RETURNING objects, bytes, referred)
  INSERT INTO storage (objects, bytes, referred) SELECT sum(objects), sum(bytes), sum(referred) FROM gone HAVING count(*) > 0`;
