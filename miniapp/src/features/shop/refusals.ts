import type { MessageKey } from '@/i18n';

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
