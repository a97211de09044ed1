const MAIL = /^[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+$/;
const PHONE = /^\+[1-9]\d{6,14}$/;

/** An e-mail address or a telephone number as the API takes it (E.164), or null for what is neither. */
export function readContact(text: string): string | null {
  const words = text.trim();
  if (words.includes('@')) return MAIL.test(words) ? words : null;
  const digits = words.replace(/[\s().-]/g, '');
  // In Russia, whose law asks for the receipt, the country is often dialled as 8.
  const phone = /^8\d{10}$/.test(digits) ? `+7${digits.slice(1)}` : digits;
  return PHONE.test(phone) ? phone : null;
}
