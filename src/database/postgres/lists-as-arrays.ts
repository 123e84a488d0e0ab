import {
  type BinaryOperationNode,
  type KyselyPlugin,
  OperationNodeTransformer,
  OperatorNode,
  PrimitiveValueListNode,
  RawNode,
  ValueNode,
} from 'kysely';

/**
 * `column in ($1, …, $n)` becomes `column = any ($1)`: one text however long the list is, so that its plan can be kept.
 * The server reads the array as one of the column's type.
 */
class ListsAsArrays extends OperationNodeTransformer {
  protected override transformBinaryOperation(node: BinaryOperationNode): BinaryOperationNode {
    const operation = super.transformBinaryOperation(node);
    const { operator, rightOperand } = operation;
    if (!OperatorNode.is(operator) || operator.operator !== 'in' || !PrimitiveValueListNode.is(rightOperand))
      return operation;
    return {
      ...operation,
      operator: OperatorNode.create('='),
      rightOperand: RawNode.create(['any (', ')'], [ValueNode.create(rightOperand.values)]),
    };
  }
}

const transformer = new ListsAsArrays();

export const listsAsArrays: KyselyPlugin = {
  transformQuery: ({ node }) => transformer.transformNode(node),
  transformResult: async ({ result }) => result,
};
