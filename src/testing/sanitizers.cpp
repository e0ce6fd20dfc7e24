// How the sanitisers are to behave in our test programs, whoever starts them.

#ifdef __SANITIZE_THREAD__
// The count of an exception_ptr's owners lives in libstdc++, which is not built for this sanitiser: it does
// not see that the last owner comes after all others.
extern "C" const char* __tsan_default_suppressions() {
  return "race:std::__exception_ptr::exception_ptr::_M_release\n";
}
#endif
