import { Select, TextInput } from '@mantine/core';
import type { ParameterConfig } from '../api/types';
import { optionsOf, visible, type Values } from './parameters';
import { texts } from './texts';

interface Props {
  parameters: ParameterConfig[];
  values: Values;
  /** Names of those that are said to need a value. */
  lacking: string[];
  onChange: (values: Values) => void;
}

/** A field a parameter, of those that the others call for. */
export function ParameterFields({ parameters, values, lacking, onChange }: Props) {
  if (parameters.length === 0) return <p className="dim">{texts.noParameters}</p>;
  return visible(parameters, values).map((parameter, index) => (
    <Field
      key={parameter.name}
      parameter={parameter}
      value={values[parameter.name] ?? ''}
      lacking={lacking.includes(parameter.name)}
      focused={index === 0}
      onChange={(value) => onChange({ ...values, [parameter.name]: value })}
    />
  ));
}

interface FieldProps {
  parameter: ParameterConfig;
  value: string;
  lacking: boolean;
  focused: boolean;
  onChange: (value: string) => void;
}

function Field({ parameter, value, lacking, focused, onChange }: FieldProps) {
  const label = parameter.label || parameter.name;
  const options = optionsOf(parameter);
  const common = {
    label,
    description: parameter.description || undefined,
    required: parameter.required,
    error: lacking && texts.required(label),
    'data-autofocus': focused || undefined,
    mt: 'sm',
    size: 'sm',
  } as const;
  if (options) {
    return (
      <Select
        {...common}
        data={options}
        placeholder={texts.choose}
        value={value === '' ? null : value}
        onChange={(chosen) => onChange(chosen ?? '')}
        allowDeselect={!parameter.required}
      />
    );
  }
  return <TextInput {...common} value={value} onChange={(event) => onChange(event.currentTarget.value)} />;
}
