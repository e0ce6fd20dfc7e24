import type { Json, ParameterConfig } from '../api/types';

export type Values = Record<string, string>;

/** A default may be any JSON; a form holds text. */
export const asText = (value: Json | undefined): string =>
  value === undefined || value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value);

export const initialValues = (parameters: ParameterConfig[]): Values =>
  Object.fromEntries(parameters.map((parameter) => [parameter.name, asText(parameter.default)]));

/** The form with what is already decided in place of the defaults. */
export const valuesWith = (parameters: ParameterConfig[], given: Values): Values => {
  const values = initialValues(parameters);
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, given[name] ?? value]));
};

/** What differs from the defaults. */
export const decided = (parameters: ParameterConfig[], values: Values): Values => {
  const defaults = initialValues(parameters);
  return Object.fromEntries(Object.entries(values).filter(([name, value]) => value !== defaults[name]));
};

/** Those to choose from, if the parameter has any; the default is always one of them. */
export function optionsOf(parameter: ParameterConfig): string[] | undefined {
  if (!parameter.hasOptions || !parameter.options?.length) return undefined;
  const values = parameter.options.map((option) => asText(option.value));
  const preset = asText(parameter.default);
  return [...new Set(preset === '' ? values : [...values, preset])].filter((value) => value !== '');
}

/** Those that the other values call for. */
export const visible = (parameters: ParameterConfig[], values: Values): ParameterConfig[] =>
  parameters.filter(({ conditional }) => !conditional || holds(conditional, values));

function holds({ parameter, comparator, comparatorValue }: NonNullable<ParameterConfig['conditional']>, values: Values) {
  const value = values[parameter] ?? '';
  const other = asText(comparatorValue);
  switch (comparator) {
    case '!=':
      return value !== other;
    case '>':
      return Number(value) > Number(other);
    case '<':
      return Number(value) < Number(other);
    case '>=':
      return Number(value) >= Number(other);
    case '<=':
      return Number(value) <= Number(other);
    default:
      return value === other;
  }
}

/** The names of the required parameters that have no value. */
export const missing = (parameters: ParameterConfig[], values: Values): string[] =>
  visible(parameters, values)
    .filter((parameter) => parameter.required && (values[parameter.name] ?? '').trim() === '')
    .map((parameter) => parameter.name);

/** The labels of some, by their names. */
export const labelsOf = (parameters: ParameterConfig[], names: string[]): Record<string, string> =>
  Object.fromEntries(parameters.filter(({ name }) => names.includes(name)).map(({ name, label }) => [name, label || name]));

/** What is sent: hidden parameters are left to the server's defaults. */
export const toSend = (parameters: ParameterConfig[], values: Values): Values =>
  Object.fromEntries(visible(parameters, values).map(({ name }) => [name, values[name] ?? '']));
