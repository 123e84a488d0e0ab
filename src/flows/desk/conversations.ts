import type { Desk } from '../../core/desk.ts';
import { appOf, type DeskParts } from './parts.ts';

export const conversationDesk = ({ records }: DeskParts): Pick<Desk, 'hasConversation'> => ({
  async hasConversation(caller, conversationId) {
    const { rows } = await records.listMessages({
      reach: caller.reach,
      filter: { appId: appOf(caller), conversationId },
      page: { limit: 1, cursor: null },
    });
    return rows.length > 0;
  },
});
