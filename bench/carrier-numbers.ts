/** The secret that signs webhooks. */
export const appSecret = 'app_secret_of_the_bench';

/** Phone numbers at the carrier: as many as it takes that their limits together let 16 captures run. */
export const carrierNumbers = Array.from({ length: 4 }, (_, place) => ({
  phoneNumberId: String(106_540_352_242_900 + place),
  display: String(15_550_783_800 + place),
  accessToken: `EAAG-token-of-number-${place}`,
}));
