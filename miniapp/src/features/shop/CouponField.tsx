import { type SubmitEvent, useEffect, useId, useRef, useState } from 'react';
import { useServices } from '@/app/services';
import { useTranslation } from '@/i18n';
import { Button } from '@/ui/Button';
import { Icon } from '@/ui/Icon';
import { explain } from '@/ui/State';
import styles from './Coupon.module.css';
import { useCoupon, useShop } from './queries';
import { refusalKey } from './refusals';

const LONGEST = 64;

/** A code that changes the prices; why it does not, where it does not. */
export function CouponField() {
  const translation = useTranslation();
  const { t } = translation;
  const { platform } = useServices();
  const [coupon, setCoupon] = useCoupon();
  const shop = useShop(coupon);
  const [open, setOpen] = useState(false);
  const [text, setText] = useState(coupon ?? '');
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const asked = useRef(false);
  // The answer before this one, which is still shown, speaks of another code.
  const answer = shop.isPlaceholderData ? null : (shop.data?.coupon ?? null);
  const counts = coupon !== null && answer?.valid === true;
  const refusal = coupon === null || counts ? null : shop.isError ? explain(shop.error, translation).text : answer ? t(refusalKey(answer.reason ?? '')) : null;

  useEffect(() => {
    if (open) input.current?.focus();
  }, [open]);
  useEffect(() => {
    if (asked.current && (counts || refusal)) {
      asked.current = false;
      platform.haptic(counts ? 'success' : 'warning');
    }
  }, [counts, refusal, platform]);

  function apply(event: SubmitEvent): void {
    event.preventDefault();
    const code = text.trim().toLowerCase();
    asked.current = code !== '';
    if (code === coupon) void shop.refetch();
    else setCoupon(code || null);
  }

  if (counts) {
    return (
      <p className={styles.applied} role="status">
        <Icon name="check" size={18} />
        <span>{t('coupon.applied', { code: coupon.toUpperCase() })}</span>
        <button
          type="button"
          className={styles.remove}
          aria-label={t('coupon.remove')}
          onClick={() => {
            setText('');
            setCoupon(null);
          }}
        >
          <Icon name="close" size={18} />
        </button>
      </p>
    );
  }
  if (!open && !coupon) {
    return (
      <Button look="quiet" className={styles.ask} onClick={() => setOpen(true)}>
        {t('coupon.ask')}
      </Button>
    );
  }
  return (
    <form className={styles.form} onSubmit={apply} noValidate>
      <label htmlFor={id}>{t('coupon.label')}</label>
      <div className={styles.row}>
        <input
          id={id}
          ref={input}
          value={text}
          maxLength={LONGEST}
          autoComplete="off"
          autoCapitalize="characters"
          spellCheck={false}
          enterKeyHint="done"
          aria-invalid={refusal ? true : undefined}
          aria-describedby={refusal ? `${id}-refusal` : undefined}
          onChange={(event) => setText(event.target.value)}
        />
        <Button look="secondary" type="submit" busy={coupon !== null && shop.isFetching} disabled={!text.trim() && !coupon}>
          {t('coupon.apply')}
        </Button>
      </div>
      {refusal ? (
        <p id={`${id}-refusal`} role="alert" className={styles.refusal}>
          {refusal}
        </p>
      ) : null}
    </form>
  );
}
