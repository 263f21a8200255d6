// A list as std::vector is one, as far as it is needed here, for a DLL that has no exceptions and no C++ run time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "memory.hpp"

namespace lsp {

// Where memory is out (memory.hpp) it does not grow: what was to be added is not there, a copy is shorter, and whoever
// gave the memory knows. So ask what resize and reserve answer before using an index, as with any other size.
template <typename T>
class Vector {
  public:
    using value_type = T;
    using size_type = std::size_t;
    using reference = T&;
    using const_reference = const T&;
    using iterator = T*;
    using const_iterator = const T*;

    constexpr Vector() noexcept = default;
    Vector(std::initializer_list<T> items) { append(items.begin(), items.end()); }
    template <std::forward_iterator Iterator>
    Vector(Iterator first, Iterator last) {
        append(first, last);
    }
    Vector(const Vector& other) { append(other.begin(), other.end()); }
    Vector(Vector&& other) noexcept
        : items_(std::exchange(other.items_, nullptr)),
          size_(std::exchange(other.size_, 0)),
          capacity_(std::exchange(other.capacity_, 0)) {}
    Vector& operator=(const Vector& other) {
        if (this == &other) return *this;
        clear();
        append(other.begin(), other.end());
        return *this;
    }
    Vector& operator=(Vector&& other) noexcept {
        swap(other);
        return *this;
    }
    ~Vector() {
        clear();
        if (items_ != nullptr) memory::release(items_, capacity_ * sizeof(T));
    }

    void swap(Vector& other) noexcept {
        std::swap(items_, other.items_);
        std::swap(size_, other.size_);
        std::swap(capacity_, other.capacity_);
    }

    bool empty() const noexcept { return size_ == 0; }
    std::size_t size() const noexcept { return size_; }
    std::size_t capacity() const noexcept { return capacity_; }
    T* data() noexcept { return items_; }
    const T* data() const noexcept { return items_; }
    iterator begin() noexcept { return items_; }
    iterator end() noexcept { return items_ + size_; }
    const_iterator begin() const noexcept { return items_; }
    const_iterator end() const noexcept { return items_ + size_; }
    T& operator[](std::size_t i) noexcept { return items_[i]; }
    const T& operator[](std::size_t i) const noexcept { return items_[i]; }
    T& front() noexcept { return items_[0]; }
    const T& front() const noexcept { return items_[0]; }
    T& back() noexcept { return items_[size_ - 1]; }
    const T& back() const noexcept { return items_[size_ - 1]; }

    void clear() noexcept {
        std::destroy_n(items_, size_);
        size_ = 0;
    }
    void pop_back() noexcept { std::destroy_at(items_ + --size_); }

    // False if there is no memory for so many; then nothing has changed.
    bool reserve(std::size_t count) {
        if (count <= capacity_) return true;
        if (count > most) return false;
        void* const memory = memory::allocate(count * sizeof(T));
        if (memory == nullptr) return false;
        T* const items = static_cast<T*>(memory);
        for (std::size_t i = 0; i < size_; ++i) {
            ::new (static_cast<void*>(items + i)) T(std::move(items_[i]));
            std::destroy_at(items_ + i);
        }
        if (items_ != nullptr) memory::release(items_, capacity_ * sizeof(T));
        items_ = items;
        capacity_ = static_cast<std::uint32_t>(count);
        return true;
    }

    template <typename... Arguments>
    bool emplace_back(Arguments&&... arguments) {
        if (size_ == capacity_) {
            // An argument may be an item of this list.
            T item(std::forward<Arguments>(arguments)...);
            if (!grow()) return false;
            ::new (static_cast<void*>(items_ + size_++)) T(std::move(item));
            return true;
        }
        ::new (static_cast<void*>(items_ + size_++)) T(std::forward<Arguments>(arguments)...);
        return true;
    }
    bool push_back(const T& item) { return emplace_back(item); }
    bool push_back(T&& item) { return emplace_back(std::move(item)); }

    // New items are value-initialised. False if there is no memory for so many; then nothing has changed.
    bool resize(std::size_t count) {
        if (!reserve(count)) return false;
        while (size_ > count) pop_back();
        while (size_ < count) ::new (static_cast<void*>(items_ + size_++)) T();
        return true;
    }

    // All of them or none. They are none of this list's own.
    template <std::forward_iterator Iterator>
    bool append(Iterator first, Iterator last) {
        if (!reserve(size_ + static_cast<std::size_t>(std::distance(first, last)))) return false;
        for (; first != last; ++first) ::new (static_cast<void*>(items_ + size_++)) T(*first);
        return true;
    }

    friend bool operator==(const Vector& a, const Vector& b) {
        if (a.size_ != b.size_) return false;
        for (std::size_t i = 0; i < a.size_; ++i) {
            if (!(a.items_[i] == b.items_[i])) return false;
        }
        return true;
    }

  private:
    static constexpr std::size_t most = UINT32_MAX / sizeof(T);

    bool grow() { return reserve(capacity_ == 0 ? 4 : 2 * std::size_t{capacity_}); }

    T* items_ = nullptr;
    std::uint32_t size_ = 0;
    std::uint32_t capacity_ = 0;

    static_assert(alignof(T) <= memory::alignment);
    static_assert(std::is_nothrow_move_constructible_v<T>);
};

}  // namespace lsp
