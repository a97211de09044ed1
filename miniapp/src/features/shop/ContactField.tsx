import { type Ref, useId } from 'react';
import { useTranslation } from '@/i18n';
import styles from './Checkout.module.css';

interface ContactFieldProps {
  ref: Ref<HTMLInputElement>;
  value: string;
  unclear: boolean;
  onChange: (value: string) => void;
}

/** Where the receipt goes that the law asks for. */
export function ContactField({ ref, value, unclear, onChange }: ContactFieldProps) {
  const { t } = useTranslation();
  const id = useId();
  return (
    <div className={styles.contact}>
      <label htmlFor={id}>{t('checkout.contact')}</label>
      <input
        id={id}
        ref={ref}
        value={value}
        inputMode="email"
        autoComplete="email"
        maxLength={254}
        placeholder={t('checkout.contact_placeholder')}
        aria-invalid={unclear || undefined}
        aria-describedby={`${id}-hint`}
        onChange={(event) => onChange(event.target.value)}
      />
      <p id={`${id}-hint`} role={unclear ? 'alert' : undefined} className={unclear ? styles.problem : styles.hint}>
        {t(unclear ? 'checkout.contact_unclear' : 'checkout.contact_hint')}
      </p>
    </div>
  );
}
