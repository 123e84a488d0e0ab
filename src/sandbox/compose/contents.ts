// What a message can say: its `type` and the object of that name (Meta, "Webhooks", messages reference). Media have a file of
// their own.

import type { Json, JsonObject } from '../../core/json.ts';

export type Content = JsonObject & { type: string };

/** A file that a person picked in a Flow. */
export type FlowFile = { id: string; mime_type: string; sha256: string; file_name?: string };

const error = (code: number, title: string, details: string): JsonObject => ({
  code,
  title,
  message: title,
  error_data: { details },
});

export const contents = {
  text: (body: string): Content => ({ type: 'text', text: { body } }),
  location: (latitude: number, longitude: number, name?: string): Content => ({
    type: 'location',
    location: { latitude, longitude, ...(name !== undefined && { name }) },
  }),
  contactCard: (formattedName: string, phone: string): Content => ({
    type: 'contacts',
    contacts: [{ name: { formatted_name: formattedName }, phones: [{ phone, type: 'CELL' }] }],
  }),
  /** Without an emoji the reaction is taken back. */
  reaction: (messageId: string, emoji?: string): Content => ({
    type: 'reaction',
    reaction: { message_id: messageId, ...(emoji !== undefined && { emoji }) },
  }),
  buttonReply: (id: string, title: string): Content => ({
    type: 'interactive',
    interactive: { type: 'button_reply', button_reply: { id, title } },
  }),
  listReply: (id: string, title: string, description?: string): Content => ({
    type: 'interactive',
    interactive: { type: 'list_reply', list_reply: { id, title, ...(description !== undefined && { description }) } },
  }),
  templateButton: (payload: string, text: string): Content => ({ type: 'button', button: { payload, text } }),
  order: (catalogId: string, text: string): Content => ({
    type: 'order',
    order: {
      catalog_id: catalogId,
      text,
      product_items: [{ product_retailer_id: 'tea-1', quantity: 2, item_price: 3.5, currency: 'EUR' }],
    },
  }),
  /** The person has a new number. Such a message comes without `contacts`. */
  numberChanged: (body: string, newPhone: string): Content => ({
    type: 'system',
    system: { body, type: 'user_changed_number', wa_id: newPhone },
  }),
  requestWelcome: (): Content => ({ type: 'request_welcome' }),
  /** The answer of a Flow: any JSON as text, be it broken. */
  flowReply: (response: Json | { brokenText: string }): Content => ({
    type: 'interactive',
    interactive: { type: 'nfm_reply', nfm_reply: { name: 'flow', body: 'Sent', response_json: flowText(response) } },
  }),
  flowFiles: (name: string, files: readonly FlowFile[]): Content =>
    contents.flowReply({ [name]: [...files], flow_token: 'unused' }),
  /** Another content in place of that of an earlier message; only numbers that are on a phone too. */
  edit: (originalMessageId: string, content: Content): Content => ({
    type: 'edit',
    edit: { original_message_id: originalMessageId, message: content },
  }),
  revoke: (originalMessageId: string): Content => ({
    type: 'revoke',
    revoke: { original_message_id: originalMessageId },
  }),
  /** What the API does not carry; the object that names it may be missing. */
  unsupported: (named?: string): Content => ({
    type: 'unsupported',
    errors: [error(131051, 'Message type unknown', 'Message type is currently not supported.')],
    ...(named !== undefined && { unsupported: { type: named } }),
  }),
  /** A file that Meta could not take over, for instance one of more than 100 MB; the type differs from case to case. */
  mediaFailed: (type: 'unsupported' | 'image' | 'video' | 'document' = 'unsupported'): Content => ({
    type,
    errors: [
      error(131052, 'Media file size too big. Max file size we currently support: 100 MB.', 'The file is too big.'),
    ],
  }),
  /** In a chat history, where a file was. */
  mediaPlaceholder: (): Content => ({ type: 'media_placeholder' }),
  /** A type that nobody knows yet. */
  unknown: (type: string, object: Json): Content => ({ type, [type]: object }),
};

function flowText(response: Json | { brokenText: string }): string {
  const broken = typeof response === 'object' && response !== null && 'brokenText' in response && response.brokenText;
  return typeof broken === 'string' ? broken : JSON.stringify(response);
}
