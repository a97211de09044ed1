import { useId } from 'react';
import styles from './Choice.module.css';
import { classes } from './classes';
import { Icon } from './Icon';

interface ChoiceProps<T extends string> {
  legend: string;
  options: readonly { value: T; label: string }[];
  value: T;
  onChange: (value: T) => void;
}

/** One of a few, as a row of radio buttons. */
export function Choice<T extends string>({ legend, options, value, onChange }: ChoiceProps<T>) {
  const name = useId();
  return (
    <fieldset>
      <legend className={styles.legend}>{legend}</legend>
      <div className={classes(styles.options, options.some(({ label }) => label.length > 14) && styles.stacked)}>
        {options.map((option) => (
          <label key={option.value} className={styles.option}>
            <input type="radio" name={name} checked={option.value === value} onChange={() => onChange(option.value)} />
            {option.label}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

interface ToggleProps {
  name: string;
  hint?: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
  /** A box to tick states agreement; a switch changes a setting. */
  look?: 'switch' | 'box';
}

export function Toggle({ name, hint, checked, onChange, look = 'switch' }: ToggleProps) {
  return (
    <label className={styles.toggle}>
      <input
        type="checkbox"
        role={look === 'switch' ? 'switch' : undefined}
        checked={checked}
        onChange={(event) => onChange(event.target.checked)}
      />
      {look === 'box' ? (
        <span className={styles.box}>
          <Icon name="check" size={18} />
        </span>
      ) : null}
      <span className={styles.words}>
        <span className={styles.name}>{name}</span>
        {hint ? <span className={styles.hint}>{hint}</span> : null}
      </span>
      {look === 'switch' ? <span className={styles.track} /> : null}
    </label>
  );
}
