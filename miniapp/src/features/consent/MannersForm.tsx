import type { User } from '@/api/types';
import { useTranslation } from '@/i18n';
import { Choice, Toggle } from '@/ui/Choice';

export type Manners = Pick<User, 'address' | 'gender' | 'reversals'>;

const ADDRESSES = [
  { value: 'informal', label: 'manners.informal' },
  { value: 'formal', label: 'manners.formal' },
] as const;

const GENDERS = [
  { value: 'feminine', label: 'manners.feminine' },
  { value: 'masculine', label: 'manners.masculine' },
  { value: 'unspecified', label: 'manners.unspecified' },
] as const;

/** How the texts speak to the person. Form of address and gender change nothing in English, so they are not asked there. */
export function MannersForm({ value, onChange }: { value: Manners; onChange: (value: Manners) => void }) {
  const { t, language } = useTranslation();
  return (
    <>
      {language === 'ru' ? (
        <>
          <Choice
            legend={t('manners.address')}
            options={ADDRESSES.map((option) => ({ value: option.value, label: t(option.label) }))}
            value={value.address}
            onChange={(address) => onChange({ ...value, address })}
          />
          <Choice
            legend={t('manners.gender')}
            options={GENDERS.map((option) => ({ value: option.value, label: t(option.label) }))}
            value={value.gender}
            onChange={(gender) => onChange({ ...value, gender })}
          />
        </>
      ) : null}
      <Toggle
        name={t('manners.reversals')}
        hint={t('manners.reversals_hint')}
        checked={value.reversals}
        onChange={(reversals) => onChange({ ...value, reversals })}
      />
    </>
  );
}
