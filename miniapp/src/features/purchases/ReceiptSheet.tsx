import { type ReactNode, type SubmitEvent, useRef, useState } from 'react';
import { useTranslation } from '@/i18n';
import { Button } from '@/ui/Button';
import { Sheet } from '@/ui/Sheet';
import { readContact } from '../shop/contact';
import { ContactField } from '../shop/ContactField';
import styles from './Order.module.css';

interface ReceiptSheetProps {
  known: string;
  action: string;
  busy: boolean;
  error: ReactNode;
  onContact: (contact: string) => void;
  onClose: () => void;
}

/** Asks an order that was made without one for an address, before it is paid where the law wants a receipt. */
export function ReceiptSheet({ known, action, busy, error, onContact, onClose }: ReceiptSheetProps) {
  const { t } = useTranslation();
  const [text, setText] = useState(known);
  const [unclear, setUnclear] = useState(false);
  const field = useRef<HTMLInputElement>(null);

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    const contact = readContact(text);
    if (contact) {
      onContact(contact);
      return;
    }
    setUnclear(true);
    field.current?.focus();
  }

  return (
    <Sheet label={t('checkout.contact')} onClose={onClose}>
      <form className={styles.sheet} onSubmit={submit} noValidate>
        <ContactField
          ref={field}
          value={text}
          unclear={unclear}
          onChange={(words) => {
            setText(words);
            setUnclear(false);
          }}
        />
        {error}
        <Button wide type="submit" busy={busy}>
          {action}
        </Button>
        <Button wide look="quiet" onClick={onClose}>
          {t('action.cancel')}
        </Button>
      </form>
    </Sheet>
  );
}
