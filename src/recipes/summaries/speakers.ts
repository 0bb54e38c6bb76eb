// Users as pages name them.
// Knows nothing of what they said.

type Seated = { readonly id: string; readonly label: string; readonly persona: { readonly name: string } };

/** Users as pages name them, and the name of whoever speaks: a user's by id, and of all others what they are called. */
export const speakersOf = (seated: readonly Seated[]) => {
  const users = seated.map(({ id, label, persona }) => ({ id, name: `${label}, ${persona.name}` }));
  return {
    users,
    nameOf: (speaker: string): string => users.find(({ id }) => id === speaker)?.name ?? speaker,
  };
};
