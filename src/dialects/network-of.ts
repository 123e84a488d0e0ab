/** Which network people know a message to have come over, by the name of its carrier; what is neither of two is SMS or MMS. */
export function networkOf(carrier: string): 'whatsapp' | 'rcs' | 'sms' {
  if (carrier.includes('whatsapp')) return 'whatsapp';
  return carrier.includes('rcs') ? 'rcs' : 'sms';
}
