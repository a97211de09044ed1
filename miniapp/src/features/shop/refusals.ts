import type { Offer } from '@/api/types';
import type { MessageKey, Translation } from '@/i18n';

const REASONS: Readonly<Record<string, MessageKey>> = {
  unknown: 'coupon.unknown',
  expired: 'coupon.expired',
  used_up: 'coupon.used_up',
  used_by_you: 'coupon.used_by_you',
  not_for_this: 'coupon.not_for_this',
  below_minimum: 'coupon.below_minimum',
  above_maximum: 'coupon.above_maximum',
  signed_in_only: 'coupon.unknown',
};

/** Why a coupon does not count, in words; `reason` as in the API's `coupon_invalid`. */
export const refusalKey = (reason: string): MessageKey => REASONS[reason] ?? 'coupon.unknown';

/** Why it does not count for this package. A limit is named only where prices of its currency stand beside it. */
export function couponRefusal({ coupon_reason: reason, coupon_limit: limit, prices }: Offer, { t, money }: Translation): string | null {
  if (!reason) return null;
  if (!limit || prices.every(({ currency }) => currency !== limit.currency)) return t(refusalKey(reason));
  const sum = money(limit.amount, limit.currency);
  return t(reason === 'below_minimum' ? 'coupon.from' : 'coupon.up_to', { sum });
}
