// Where the vendor's pages put things.

export const filesPath = '/api/files';
export const libraryPath = '/api/partner-gateway/v1/media';

/** Three pages, three addresses: the newest; an older one; and one that names its path without the base. */
export const webhookPaths = [
  '/api/partner-gateway/v1/webhooks/delivery-status',
  '/api/webhooks/delivery-status',
  '/webhooks/delivery-status',
] as const;
