/** A business's number at the carrier. */
export type PhoneNumber = {
  phoneNumberId: string;
  /** The number itself, digits only. */
  display: string;
  /** The WhatsApp Business Account that it belongs to. */
  wabaId: string;
  accessToken: string;
  appSecret: string;
};
