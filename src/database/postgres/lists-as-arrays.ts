import {
  type BinaryOperationNode,
  type KyselyPlugin,
  type OperationNode,
  OperationNodeTransformer,
  OperatorNode,
  PrimitiveValueListNode,
  RawNode,
  SelectQueryNode,
  ValueNode,
} from 'kysely';

/**
 * `column in ($1, …, $n)` becomes `column = any ($1)`: one text however long the list is, so that its plan can be kept.
 * The server reads the array as one of the column's type.
 *
 * `column in (select …)` becomes `column = any (array(select …))`: what is looked for is found first, and then looked up. As
 * a join the planner may turn it round and read the whole table to find a few rows of it, as long as its statistics are old.
 */
class ListsAsArrays extends OperationNodeTransformer {
  protected override transformBinaryOperation(node: BinaryOperationNode): BinaryOperationNode {
    const operation = super.transformBinaryOperation(node);
    const { operator, rightOperand } = operation;
    if (!OperatorNode.is(operator) || operator.operator !== 'in') return operation;
    const array = arrayOf(rightOperand);
    if (array === undefined) return operation;
    return { ...operation, operator: OperatorNode.create('='), rightOperand: array };
  }
}

function arrayOf(list: OperationNode): RawNode | undefined {
  if (PrimitiveValueListNode.is(list)) return RawNode.create(['any (', ')'], [ValueNode.create(list.values)]);
  if (SelectQueryNode.is(list)) return RawNode.create(['any (array', ')'], [list]);
  return undefined;
}

const transformer = new ListsAsArrays();

export const listsAsArrays: KyselyPlugin = {
  transformQuery: ({ node }) => transformer.transformNode(node),
  transformResult: async ({ result }) => result,
};
