// How the sanitisers are to behave in our test programs, whoever starts them.

#ifdef __SANITIZE_THREAD__
// A store test forks a child with threads, to kill it.
extern "C" const char* __tsan_default_options() {
  return "die_after_fork=0";
}
#endif
