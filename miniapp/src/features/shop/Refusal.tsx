import { type ApiError, isCode } from '@/api/errors';
import { useRouter } from '@/app/router';
import { useTranslation } from '@/i18n';
import { Button } from '@/ui/Button';
import { ErrorNote } from '@/ui/State';
import styles from './Checkout.module.css';
import { refusalKey } from './refusals';

/** Why the order was not placed, and what to do now. */
export function Refusal({ error, onRetry }: { error: Error; onRetry: () => void }) {
  const { t, date, money } = useTranslation();
  const router = useRouter();
  const facts = (error as Partial<ApiError>).facts ?? {};
  let words: string | null = null;
  if (isCode(error, 'price_changed')) words = t('checkout.price_changed', { sum: money(Number(facts.total), String(facts.currency)) });
  else if (isCode(error, 'coupon_invalid')) words = couponWords();
  else if (isCode(error, 'trial_used')) words = t('checkout.trial_used');
  else if (isCode(error, 'provider_not_offered')) words = t('checkout.not_offered');
  else if (isCode(error, 'provider_away') || isCode(error, 'provider_refused')) words = t('checkout.provider_away');
  else if (isCode(error, 'contact_needed')) words = t('checkout.contact_unclear');
  else if (isCode(error, 'package_not_found')) words = t('shop.gone');
  if (isCode(error, 'already_subscribed')) {
    return (
      <div role="alert" className={styles.refusal}>
        <p>{t('checkout.already_subscribed', { date: date(String(facts.until)) })}</p>
        <Button look="secondary" small onClick={() => router.go({ name: 'subscription' })}>
          {t('subscription.manage')}
        </Button>
      </div>
    );
  }
  if (!words) return <ErrorNote error={error} onRetry={onRetry} />;
  return (
    <div role="alert" className={styles.refusal}>
      <p>{words}</p>
    </div>
  );

  function couponWords(): string {
    const limit = facts.minimum ?? facts.maximum;
    if (limit === undefined) return t(refusalKey(String(facts.reason)));
    return t(facts.minimum === undefined ? 'coupon.up_to' : 'coupon.from', { sum: money(Number(limit), String(facts.currency)) });
  }
}
