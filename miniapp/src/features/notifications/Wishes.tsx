import { useState } from 'react';
import type { NotificationWishes, NotificationWishesChanges } from '@/api/types';
import { type MessageKey, useTranslation } from '@/i18n';
import { Toggle } from '@/ui/Choice';
import { ErrorNote, Skeleton } from '@/ui/State';
import styles from './Notifications.module.css';
import { useChangeWishes, useWishes } from './queries';

const NAMES: Readonly<Record<string, { name: MessageKey; hint: MessageKey }>> = {
  replies: { name: 'notices.kind_replies', hint: 'notices.kind_replies_hint' },
  readings: { name: 'notices.kind_readings', hint: 'notices.kind_readings_hint' },
  news: { name: 'notices.kind_news', hint: 'notices.kind_news_hint' },
};

// What the switch brings back; the same as the server's for people who never touched it.
const USUAL = { from: '22:00', until: '09:00' };

/** What the bot may write about by itself, and when it is silent. */
export function Wishes() {
  const { t } = useTranslation();
  const wishes = useWishes();
  const { change, shown, saved, error } = useChangeWishes();
  return (
    <section className={styles.card}>
      <h2>
        {t('notices.wishes')}
        <span className={styles.saved} role="status">
          {saved ? t('profile.saved') : ''}
        </span>
      </h2>
      {wishes.isPending ? <Skeleton height={190} /> : null}
      {wishes.isError && !wishes.data ? <ErrorNote error={wishes.error} onRetry={() => void wishes.refetch()} /> : null}
      {wishes.data ? <Switches wishes={shown(wishes.data)} onChange={change} /> : null}
      {error ? <ErrorNote error={error} /> : null}
    </section>
  );
}

interface SwitchesProps {
  wishes: NotificationWishes;
  onChange: (changes: NotificationWishesChanges) => void;
}

function Switches({ wishes, onChange }: SwitchesProps) {
  const { t } = useTranslation();
  return (
    <>
      {wishes.kinds.map(({ kind, enabled, switchable }) => {
        const words = NAMES[kind];
        return words && switchable ? (
          <Toggle
            key={kind}
            name={t(words.name)}
            hint={t(words.hint)}
            checked={enabled}
            onChange={(checked) => onChange({ kinds: { [kind]: checked } })}
          />
        ) : null;
      })}
      <Toggle
        name={t('notices.quiet')}
        hint={t('notices.quiet_hint')}
        checked={wishes.quiet !== null}
        onChange={(checked) => onChange({ quiet: checked ? USUAL : null })}
      />
      {wishes.quiet ? (
        // Anew when the server's hours change, so that the fields begin from them.
        <Hours key={`${wishes.quiet.from}-${wishes.quiet.until}`} quiet={wishes.quiet} onChange={onChange} />
      ) : null}
    </>
  );
}

type Quiet = NonNullable<NotificationWishes['quiet']>;

function Hours({ quiet, onChange }: { quiet: Quiet; onChange: SwitchesProps['onChange'] }) {
  const { t } = useTranslation();
  const [hours, setHours] = useState(quiet);
  const same = hours.from === hours.until;
  // A field is left when the hour is chosen; while it is being typed it goes through hours that nobody meant.
  const save = () => {
    const complete = hours.from !== '' && hours.until !== '';
    if (complete && !same && (hours.from !== quiet.from || hours.until !== quiet.until)) onChange({ quiet: hours });
  };
  return (
    <div className={styles.hours}>
      {(['from', 'until'] as const).map((side) => (
        <label key={side} className={styles.hour}>
          {t(side === 'from' ? 'notices.quiet_from' : 'notices.quiet_until')}
          <input
            type="time"
            value={hours[side]}
            onChange={(event) => setHours({ ...hours, [side]: event.target.value.slice(0, 5) })}
            onBlur={save}
          />
        </label>
      ))}
      {same ? <p role="alert">{t('notices.quiet_same')}</p> : null}
    </div>
  );
}
