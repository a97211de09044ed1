import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { unwrap } from '@/api/client';
import type { Rating } from '@/api/types';
import { useServices } from '@/app/services';
import { useTranslation } from '@/i18n';
import { Icon } from '@/ui/Icon';
import styles from './ReadingScreen.module.css';

interface RatingRowProps {
  reading: string;
  question?: string;
  rating: Rating | null;
}

/** One tap says whether a text was any good; another tap changes it. */
export function RatingRow({ reading, question, rating }: RatingRowProps) {
  const { t } = useTranslation();
  const { api, platform } = useServices();
  const [chosen, setChosen] = useState(rating);
  const rate = useMutation({
    mutationFn: (value: Rating) =>
      unwrap(
        api.POST('/api/v1/readings/{reading_id}/feedback', {
          params: { path: { reading_id: reading } },
          body: { rating: value, ...(question ? { question_id: question } : {}) },
        }),
      ),
  });

  function choose(value: Rating): void {
    const before = chosen;
    setChosen(value);
    platform.haptic('tap');
    rate.mutate(value, { onError: () => setChosen(before) });
  }

  return (
    <div className={styles.rating} role="group" aria-label={t('rating.question')}>
      <span role="status">{rate.isSuccess ? t('rating.thanks') : t('rating.question')}</span>
      <button type="button" className={styles.rate} aria-pressed={chosen === 'good'} onClick={() => choose('good')}>
        <Icon name="up" size={18} />
        {t('rating.good')}
      </button>
      <button type="button" className={styles.rate} aria-pressed={chosen === 'bad'} onClick={() => choose('bad')}>
        <Icon name="down" size={18} />
        {t('rating.bad')}
      </button>
    </div>
  );
}
