import { type ReactNode, useEffect, useRef } from 'react';
import { useBackOverride } from '@/app/back';
import { useTranslation } from '@/i18n';
import { Button } from './Button';
import styles from './Sheet.module.css';

interface SheetProps {
  label: string;
  onClose: () => void;
  children: ReactNode;
}

/** A modal sheet at the bottom. Mounted means open; back, Escape and a tap outside close it. */
export function Sheet({ label, onClose, children }: SheetProps) {
  const self = useRef<HTMLDialogElement>(null);
  useBackOverride(true, onClose);

  useEffect(() => {
    const dialog = self.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);

  return (
    <dialog
      ref={self}
      className={styles.sheet}
      aria-label={label}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === event.currentTarget) onClose();
      }}
    >
      <div className={styles.handle} />
      {children}
    </dialog>
  );
}

interface ConfirmProps {
  title: string;
  text: ReactNode;
  action: string;
  busy?: boolean;
  error?: ReactNode;
  onConfirm: () => void;
  onClose: () => void;
}

/** Asks before something that cannot be undone. */
export function Confirm({ title, text, action, busy, error, onConfirm, onClose }: ConfirmProps) {
  const { t } = useTranslation();
  return (
    <Sheet label={title} onClose={onClose}>
      <h2 className={styles.title}>{title}</h2>
      <div className={styles.text}>{text}</div>
      {error}
      <div className={styles.actions}>
        <Button look="danger" wide busy={busy} onClick={onConfirm}>
          {action}
        </Button>
        <Button look="quiet" wide onClick={onClose}>
          {t('action.cancel')}
        </Button>
      </div>
    </Sheet>
  );
}
